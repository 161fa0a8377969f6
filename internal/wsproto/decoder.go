package wsproto

// Config is what the connections of a server have in common. It must not change once a
// connection uses it.
type Config struct {
	// MaxMessageSize is the largest payload of a message, in bytes once it is inflated. 0
	// is no limit.
	MaxMessageSize int64
	// LimitReason is the reason in the close frame of ErrMessageOverLimit. It should name
	// the limit and who set it. If empty, a general reason is sent.
	LimitReason string
	// Inflaters is used by connections with permessage-deflate. Others may leave it nil.
	Inflaters Inflaters
}

// Decoder decodes the frames of one client (RFC 6455 section 5). It makes every check that
// the RFCs ask of a server, as early as possible: of a header as its bytes arrive, of the
// message's size when the header is complete, of text and compressed data byte by byte, and of
// a control frame when it is complete.
//
// A Decoder keeps no reference to its input, and sends nothing. [Echo] is a server that answers;
// other servers use the Append functions.
type Decoder struct {
	config *Config
	size   int64  // payload of the message according to its headers, if it counts towards the limit
	left   int64  // payload bytes of the current frame still to come
	key    uint32 // the masking key, rotated for the next of them
	// message is the opcode of the unfinished message, or OpContinuation if there is none.
	message Opcode
	fin     bool // the current frame is the last of its message
	inFrame bool // the header of a data frame has arrived but not all of its payload
	text    utf8Checker
	inflation
}

// NewDecoder returns a Decoder for the bytes that follow the opening handshake in which
// deflate was agreed.
func NewDecoder(config *Config, deflate Deflate) Decoder {
	return Decoder{config: config, inflation: inflation{deflate: deflate}}
}

// Release returns the inflater that an unfinished message holds. It must be called when the
// connection ends.
func (d *Decoder) Release() {
	if d.inflater != nil {
		d.config.Inflaters.Put(d.inflater)
		d.inflater = nil
	}
}

// Next decodes the frame that p begins with, or the next piece of the frame before, sets ev
// to what it found, and returns how many bytes of p it used. It unmasks the payload in place.
// The next p must begin with the bytes that were not used.
//
// Data is decoded as it arrives, a control frame when it is complete, so 131 bytes are
// always enough to make progress. Each event uses input, has more Inflated output of earlier
// input, or is NeedMore or Failed. Next must not be called after Failed.
func (d *Decoder) Next(p []byte, ev *Event) (n int) {
	*ev = Event{}
	if d.message == OpContinuation {
		d.Release() // of the message that the last event ended
	}
	if d.inFrame {
		if len(p) == 0 && !d.moreOutput() {
			return 0
		}
		return d.payload(p, 0, ev)
	}
	var h header
	n, err := h.parse(p, d.message, d.deflate.agreed)
	switch {
	case err != 0:
		return ev.fail(err)
	case n == 0:
		return 0
	case h.opcode.IsControl():
		return d.control(&h, p, n, ev)
	case h.compressed:
		d.beginCompressed(d.config.Inflaters)
	case d.inflater == nil && d.overLimit(h.length):
		return ev.fail(ErrMessageOverLimit)
	}
	if h.opcode != OpContinuation {
		d.message = h.opcode
	}
	d.left, d.key, d.fin, d.inFrame = h.length, h.key, h.fin, true
	ev.length = h.length
	return d.payload(p, n, ev)
}

// overLimit adds a frame's length to the message's and reports whether the message is over
// the limit.
func (d *Decoder) overLimit(length int64) bool {
	limit := d.config.MaxMessageSize
	if limit == 0 {
		return false
	}
	if length > limit-d.size {
		return true
	}
	d.size += length
	return false
}

// payload decodes the payload of a data frame, which begins at p[n], as far as it has
// arrived. It returns how many bytes of p it used.
func (d *Decoder) payload(p []byte, n int, ev *Event) int {
	payload := p[n:]
	if int64(len(payload)) > d.left {
		payload = payload[:d.left]
	}
	var err ProtocolError
	if d.inflater != nil {
		ev.Compressed = true
		payload, err = d.inflate(payload, ev)
	} else {
		err = d.plain(payload, ev)
	}
	d.left -= int64(len(payload))
	ev.Kind, ev.Opcode, ev.Fin, ev.Payload = Data, d.message, d.fin, payload
	ev.End = d.left == 0 && !d.moreOutput()
	d.inFrame = !ev.End
	if err == 0 && ev.End && d.fin {
		err = d.endMessage(ev)
	}
	if err != 0 {
		return ev.fail(err)
	}
	return n + len(payload)
}

// plain decodes payload that is not compressed.
func (d *Decoder) plain(payload []byte, ev *Event) ProtocolError {
	key, beyondASCII := unmask(payload, d.key)
	d.key = key
	if d.message == OpText && (beyondASCII || !d.text.complete()) { // section 8.1
		ev.work = len(payload) / textBytes
		if !d.text.check(payload) {
			return ErrInvalidUTF8
		}
	}
	return 0
}

// endMessage ends the message that the frame of ev is the last of.
func (d *Decoder) endMessage(ev *Event) ProtocolError {
	switch {
	case d.inflater != nil && !d.endCompressed(ev): // RFC 7692 section 7.2.2
		return ErrCorruptDeflate
	case d.message == OpText && !d.text.complete(): // section 8.1
		return ErrInvalidUTF8
	}
	d.message, d.size = OpContinuation, 0
	return 0
}

// control decodes a control frame once it is complete. Its payload begins at p[n].
func (d *Decoder) control(h *header, p []byte, n int, ev *Event) int {
	end := n + int(h.length)
	if len(p) < end {
		return 0
	}
	ev.Payload = p[n:end]
	unmask(ev.Payload, h.key)
	switch h.opcode {
	case OpPing:
		ev.Kind = Ping
	case OpPong:
		ev.Kind = Pong
	default:
		ev.Kind = Close
		var err ProtocolError
		if ev.Code, err = parseClose(ev.Payload); err != 0 {
			return ev.fail(err)
		}
	}
	return end
}

// CloseReason returns the reason for the close frame that answers a Failed event: the text
// of its error, or a more precise one from the Config or the inflater. It must be called
// before [Decoder.Release].
func (d *Decoder) CloseReason(err ProtocolError) string {
	switch {
	case err == ErrMessageOverLimit && d.config.LimitReason != "":
		return d.config.LimitReason
	case err == ErrCorruptDeflate && d.inflater != nil:
		return err.Error() + ": " + d.inflater.corruption()
	}
	return err.Error()
}
