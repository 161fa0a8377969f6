package wsproto

// Rest is what must be kept of an [Echo] between messages. It is much smaller, which matters
// because most connections are idle.
type Rest struct {
	history *[]byte // what the next compressed message may refer to; nil without context takeover
	deflate Deflate
}

// NewRest returns the Rest of a connection that has received nothing after the opening
// handshake in which deflate was agreed.
func NewRest(deflate Deflate) Rest { return Rest{deflate: deflate} }

// Rest returns what must be kept of the Echo between messages. ok is false if the whole Echo must
// be kept: within a message, and from the first close frame on.
func (e *Echo) Rest() (rest Rest, ok bool) {
	d := &e.decoder
	if d.message != OpContinuation || d.inflater != nil || e.closing != 0 {
		return Rest{}, false
	}
	return Rest{history: d.history, deflate: d.deflate}, true
}

// Resume makes e, which must be zero, the Echo that goes on after the Rest. It writes in
// place, since copying what has just been written stalls the processor.
func (r Rest) Resume(e *Echo, config *Config) {
	e.decoder.config = config
	e.decoder.history, e.decoder.deflate = r.history, r.deflate
}

// Deflate returns the agreement on permessage-deflate.
func (r Rest) Deflate() Deflate { return r.deflate }

// HistorySize returns how many bytes context takeover keeps for the next message.
func (r Rest) HistorySize() int { return historySize(r.history) }
