package wsproto

// Kind is what an [Event] tells.
type Kind uint8

// The kinds of events.
const (
	NeedMore Kind = iota // the rest of what is there has to arrive first
	Data                 // a data frame's payload, or the next piece of it
	Ping
	Pong
	Close  // a close frame; Code is valid
	Failed // the client broke the protocol; Violation says how
)

// Event is what one call of Next found.
type Event struct {
	Kind      Kind
	Violation Violation // Failed: which
	Code      CloseCode // Close: its code, NoStatusReceived when it had none

	// Of data frames:
	Opcode Opcode // Text or Binary: the message's, on its continuation frames too
	End    bool   // this is the last of the frame's payload
	Fin    bool   // the frame is the last of its message

	// length is the length of the whole frame's payload, in the decoder's event that has
	// the header, else 0.
	length int64

	// Payload is unmasked. It is a part of the caller's buffer, and is valid until
	// the caller uses that again. Data that is not complete may have none.
	Payload []byte
}

// Limits are the limits of messages. They are not changed by use and may be shared.
type Limits struct {
	// MaxMessageSize is the largest message, in bytes of payload; 0 is no limit.
	MaxMessageSize int64
	// Reason is sent with the close code 1009. It should name the limit and its
	// setting. Empty is a reason that names neither.
	Reason string
}

// decoder takes the frames of a client apart (RFC 6455 section 5) and makes every
// check that the RFC asks for: those of the first two bytes and of the length as soon
// as these are there, that of the message's size with the complete header, those of
// text with every byte, those of control frames with the complete frame. It keeps no
// bytes but those of an unfinished character: the caller does.
type decoder struct {
	limits *Limits
	size   int64  // payload bytes of the message, by the headers so far; counted only with a limit
	left   int64  // payload bytes of the current frame that have not come
	key    uint32 // masking key for the next of them
	// message is the opcode of the message that is unfinished, or opContinuation
	// when there is none.
	message Opcode
	fin     bool // the current frame is its message's last
	inFrame bool // a data frame's header has come, but not all of its payload
	text    utf8Checker
}

// newDecoder returns a decoder at the first byte behind the handshake.
func newDecoder(limits *Limits) decoder {
	return decoder{limits: limits}
}

// next looks at the frame that p begins with, or goes on with the one before. It
// unmasks payload in place and returns how many bytes of p it has used: 0 exactly
// with NeedMore and Failed. A data frame is given as far as it has come, a control
// frame when it is complete, so that 131 bytes always suffice to go on. After
// Failed, next must not be called again.
func (d *decoder) next(p []byte) (ev Event, n int) {
	if d.inFrame {
		if len(p) == 0 {
			return Event{}, 0
		}
		return d.payload(p, 0, Event{})
	}
	h, n, violation := parseHeader(p, d.message)
	switch {
	case violation != noViolation:
		return Event{Kind: Failed, Violation: violation}, 0
	case n == 0:
		return Event{}, 0
	case h.opcode.isControl():
		return d.control(h, p, n)
	}
	if d.overLimit(h.length) {
		return Event{Kind: Failed, Violation: MessageOverLimit}, 0
	}
	if h.opcode != opContinuation {
		d.message = h.opcode
	}
	d.left, d.key, d.fin, d.inFrame = h.length, h.key, h.fin, true
	return d.payload(p, n, Event{length: h.length})
}

// overLimit adds a frame's length to the message's and says whether that is more
// than the limit.
func (d *decoder) overLimit(length int64) bool {
	limit := d.limits.MaxMessageSize
	if limit == 0 {
		return false
	}
	if length > limit-d.size {
		return true
	}
	d.size += length
	return false
}

// payload takes as much of a data frame's payload as p has behind its first n
// bytes, and completes ev.
func (d *decoder) payload(p []byte, n int, ev Event) (Event, int) {
	payload := p[n:]
	if int64(len(payload)) > d.left {
		payload = payload[:d.left]
	}
	key, beyondASCII := unmask(payload, d.key)
	d.key = key
	d.left -= int64(len(payload))
	ev.Kind, ev.Opcode, ev.Fin, ev.Payload = Data, d.message, d.fin, payload
	ev.End = d.left == 0
	d.inFrame = !ev.End
	if d.message == Text { // section 8.1
		if (beyondASCII || !d.text.complete()) && !d.text.check(payload) ||
			ev.End && d.fin && !d.text.complete() {
			return Event{Kind: Failed, Violation: InvalidUTF8}, 0
		}
	}
	if ev.End && d.fin {
		d.message, d.size = opContinuation, 0
	}
	return ev, n + len(payload)
}

// control gives a control frame, once it is complete.
func (d *decoder) control(h header, p []byte, n int) (Event, int) {
	end := n + int(h.length)
	if len(p) < end {
		return Event{}, 0
	}
	ev := Event{Payload: p[n:end]}
	unmask(ev.Payload, h.key)
	switch h.opcode {
	case opPing:
		ev.Kind = Ping
	case opPong:
		ev.Kind = Pong
	default:
		ev.Kind = Close
		if ev.Code, ev.Violation = parseClose(ev.Payload); ev.Violation != noViolation {
			return Event{Kind: Failed, Violation: ev.Violation}, 0
		}
	}
	return ev, end
}
