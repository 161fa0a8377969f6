package wsproto

// Kind is the kind of an [Event].
type Kind uint8

// The kinds of events.
const (
	NeedMore Kind = iota // more input has to arrive
	Yield                // of an Echo: its turn has ended, and there is more to decode
	Data                 // the payload of a text or binary frame, or the next piece of it
	Ping
	Pong
	Close  // Code is valid
	Failed // the client broke the protocol; see Err
)

var kindNames = [...]string{"NeedMore", "Yield", "Data", "Ping", "Pong", "Close", "Failed"}

// String returns the name of the constant.
func (k Kind) String() string { return kindNames[k] }

// Event is what one call of [Decoder.Next], [Echo.Next] or [Echo.Decode] found. An Event is
// passed by pointer, since copying one costs as much as decoding a small frame.
type Event struct {
	Kind Kind
	Err  ProtocolError // of Failed
	Code CloseCode     // of Close; CloseNoStatusReceived if the frame had none

	// Of Data:
	Opcode     Opcode // of the message, OpText or OpBinary, even if the frame is a continuation
	End        bool   // the frame ends with this event
	Fin        bool   // the frame is the last of its message
	Compressed bool   // the message is compressed (RFC 7692 section 6)

	used   int   // bytes of input that the event took
	length int64 // of the frame's payload, in the event that has its header; else 0
	work   int   // beyond that of every frame, see enoughWork

	// Payload is the payload, unmasked. Data events have it in pieces, which follow each other
	// from one event to the next and may be empty; if the message is compressed, so are they.
	// Ping, Pong and Close events have the whole payload of the frame. That of a close frame is
	// its code and reason. Payload is a part of the caller's input, and valid until the caller
	// reuses the input.
	Payload []byte
	// Inflated is what a compressed message inflates to, in pieces like Payload. One piece of
	// Payload may have several, so Payload is empty in the events of the others. Inflated is
	// valid until the next call.
	Inflated []byte
	// Saved is how many bytes the compression of the message has saved. It is set in the last
	// event of a compressed message, and negative if the message has grown.
	Saved int64
}

// Last reports whether the event is the last of its message.
func (ev *Event) Last() bool { return ev.End && ev.Fin }

// fail makes ev the event of a protocol error. It returns 0, the bytes used.
func (ev *Event) fail(err ProtocolError) (n int) {
	*ev = Event{Kind: Failed, Err: err}
	return 0
}
