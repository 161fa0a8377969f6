package wsproto

// Kind is what an [Event] tells.
type Kind uint8

// The kinds of events.
const (
	NeedMore Kind = iota // the rest of what is there has to arrive first
	Yield                // what is there has taken long enough: others first, then the rest
	Data                 // a data frame's payload, or the next piece of it
	Ping
	Pong
	Close  // a close frame; Code is valid
	Failed // the client broke the protocol; Violation says how
)

// Event is what one call of [Echo.Next] found. Nothing on the way of a message copies it,
// which would cost as much as the rest of a small frame.
type Event struct {
	Kind      Kind
	Violation Violation // Failed: which
	Code      CloseCode // Close: its code, NoStatusReceived when it had none

	// Of data frames:
	Opcode     Opcode // Text or Binary: the message's, on its continuation frames too
	End        bool   // this is the last of the frame's payload
	Fin        bool   // the frame is the last of its message
	Compressed bool   // the message is (RFC 7692 section 6)

	// length is the length of the whole frame's payload, in the decoder's event that has
	// the header, else 0.
	length int64
	// work is how many bytes the payload has become that this event took, and as many as
	// what else it took time for would be.
	work int

	// Payload is unmasked, and compressed where the message is. It is a part of the
	// caller's buffer, and is valid until the caller uses that again, or calls
	// [Buffer.Append]. Data that is not complete may have none.
	Payload []byte
	// Plain is a compressed message, at its end, when it inflates to at most 125 bytes. It
	// is valid until the next call.
	Plain []byte
	// Answered is how many bytes of payload have been answered: those of Payload, or, of a
	// compressed message that is answered inflated, those.
	Answered int
	// Saved is by how many bytes a compressed message, at its end, was shorter than what
	// it inflates to. Compression can be a loss.
	Saved int64
}

// Config is what the connections of a server have in common. It is not changed by use and
// may be shared.
type Config struct {
	// MaxMessageSize is the largest message, in bytes of payload once it is inflated; 0 is
	// no limit.
	MaxMessageSize int64
	// LimitReason is sent with the close code 1009. It should name the limit and its
	// setting. Empty is a reason that names neither.
	LimitReason string
	// Inflaters are needed for connections that have agreed on permessage-deflate.
	Inflaters Inflaters
}

// decoder takes the frames of a client apart (RFC 6455 section 5) and makes every
// check that the RFC asks for: those of the first two bytes and of the length as soon
// as these are there, that of the message's size with the complete header, those of
// text with every byte, those of control frames with the complete frame. It keeps no
// bytes but those of an unfinished character: the caller does.
type decoder struct {
	config *Config
	size   int64  // payload bytes of the message, by the headers so far; counted only with a limit, and not if it is compressed
	left   int64  // payload bytes of the current frame that have not come
	key    uint32 // masking key for the next of them
	// message is the opcode of the message that is unfinished, or opContinuation
	// when there is none.
	message Opcode
	fin     bool // the current frame is its message's last
	inFrame bool // a data frame's header has come, but not all of its payload
	text    utf8Checker
	inflation
}

// newDecoder returns a decoder at the first byte behind the handshake.
func newDecoder(config *Config, deflate Deflate) decoder {
	return decoder{config: config, inflation: inflation{deflate: deflate}}
}

// next looks at the frame that p begins with, or goes on with the one before, and puts
// what it was into ev, which must be zero. It unmasks payload in place and returns how many
// bytes of p it has used: 0 exactly with NeedMore and Failed. A data frame is given as far
// as it has come, or, when it is compressed, as far as it has been inflated, a control
// frame when it is complete, so that 131 bytes always suffice to go on. After Failed, next
// must not be called again.
func (d *decoder) next(p []byte, ev *Event) (n int) {
	if d.message == opContinuation {
		d.release(d.config.Inflaters) // what the last event had of it
	}
	if d.inFrame {
		if len(p) == 0 {
			return 0
		}
		return d.payload(p, 0, ev)
	}
	var h header
	n, violation := h.parse(p, d.message, d.deflate.agreed)
	switch {
	case violation != noViolation:
		return ev.fail(violation)
	case n == 0:
		return 0
	case h.opcode.isControl():
		return d.control(&h, p, n, ev)
	case h.compressed:
		d.beginCompressed(d.config.Inflaters)
	case d.inflater == nil && d.overLimit(h.length):
		return ev.fail(MessageOverLimit)
	}
	if h.opcode != opContinuation {
		d.message = h.opcode
	}
	d.left, d.key, d.fin, d.inFrame = h.length, h.key, h.fin, true
	ev.length = h.length
	return d.payload(p, n, ev)
}

// fail makes ev that of a breach, with nothing used.
func (ev *Event) fail(v Violation) (n int) {
	*ev = Event{Kind: Failed, Violation: v}
	return 0
}

// overLimit adds a frame's length to the message's and says whether that is more
// than the limit.
func (d *decoder) overLimit(length int64) bool {
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

// payload takes as much of a data frame's payload as p has behind its first n
// bytes, and completes ev.
func (d *decoder) payload(p []byte, n int, ev *Event) int {
	payload := p[n:]
	if int64(len(payload)) > d.left {
		payload = payload[:d.left]
	}
	var violation Violation
	if d.inflater != nil {
		ev.Compressed = true
		payload, ev.work, violation = d.inflatePayload(payload)
	} else {
		violation = d.plainPayload(payload)
	}
	d.left -= int64(len(payload))
	ev.Kind, ev.Opcode, ev.Fin, ev.Payload = Data, d.message, d.fin, payload
	ev.End = d.left == 0
	d.inFrame = !ev.End
	if violation == noViolation && ev.End && d.fin {
		violation = d.endMessage(ev)
	}
	if violation != noViolation {
		return ev.fail(violation)
	}
	return n + len(payload)
}

// plainPayload takes payload that is not compressed.
func (d *decoder) plainPayload(payload []byte) Violation {
	key, beyondASCII := unmask(payload, d.key)
	d.key = key
	if d.message == Text && (beyondASCII || !d.text.complete()) && !d.text.check(payload) { // section 8.1
		return InvalidUTF8
	}
	return noViolation
}

// endMessage ends the message with the frame of ev.
func (d *decoder) endMessage(ev *Event) Violation {
	switch {
	case d.inflater != nil && !d.endCompressed(ev):
		return CorruptDeflate
	case d.message == Text && !d.text.complete(): // section 8.1
		return InvalidUTF8
	}
	d.message, d.size = opContinuation, 0
	return noViolation
}

// control gives a control frame, once it is complete.
func (d *decoder) control(h *header, p []byte, n int, ev *Event) int {
	end := n + int(h.length)
	if len(p) < end {
		return 0
	}
	ev.Payload = p[n:end]
	unmask(ev.Payload, h.key)
	switch h.opcode {
	case opPing:
		ev.Kind = Ping
	case opPong:
		ev.Kind = Pong
	default:
		ev.Kind = Close
		var violation Violation
		if ev.Code, violation = parseClose(ev.Payload); violation != noViolation {
			return ev.fail(violation)
		}
	}
	return end
}
