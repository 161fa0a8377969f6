package wsproto

// Echo is a server that answers every frame in the [Buffer] in which it arrived: data with
// the same data, a ping with a pong, a close frame with the same code and reason, and every
// protocol error with the close frame that the RFC asks for.
//
// It keeps the client's fragmentation (RFC 6455 section 5.4). A frame of up to [MaxWhole]
// bytes is answered with one frame. A larger one that arrives in pieces is answered in
// fragments of at least [MinPiece] bytes, so that the server can send a pong or a close
// frame before the client has finished.
//
// A compressed message is answered with the client's own bytes (see [Deflate]).
//
// [Echo.Next] decodes and answers. A server that sometimes answers differently calls
// [Echo.Decode], and then either [Echo.Answer] or [Echo.Drop].
type Echo struct {
	decoder Decoder
	held    int32 // payload bytes at the buffer's Start, unmasked, that wait for the rest of their piece
	whole   bool  // the current frame is answered as one frame
	begun   bool  // a frame of the current message has been sent, but not the last
	closing closeState
}

// NewEcho returns an Echo for the bytes that follow the opening handshake in which deflate
// was agreed.
func NewEcho(config *Config, deflate Deflate) Echo {
	return Echo{decoder: NewDecoder(config, deflate)}
}

// Release returns the inflater that an unfinished message holds. It must be called when the
// connection ends.
func (e *Echo) Release() { e.decoder.Release() }

// Deflate returns the agreement on permessage-deflate.
func (e *Echo) Deflate() Deflate { return e.decoder.deflate }

// HistorySize returns how many bytes context takeover keeps for the next message.
func (e *Echo) HistorySize() int { return historySize(e.decoder.history) }

// CloseReason returns the reason of the close frame that answers a Failed event.
func (e *Echo) CloseReason(err ProtocolError) string { return e.decoder.CloseReason(err) }

// InflaterSize returns the size of the inflater that an unfinished message holds, in bytes.
func (e *Echo) InflaterSize() int {
	if e.decoder.inflater == nil {
		return 0
	}
	return inflaterSize
}

// MidMessage reports whether a message has been sent in part. Only control frames may be
// sent before the rest (section 5.4).
func (e *Echo) MidMessage() bool { return e.begun }

// Next decodes the next frame in b, or the next piece of one, answers it, and returns what
// it was. After NeedMore, what is left in b must precede the next read. After Yield, Next must
// be called again without a read, once other connections have had their turn. Once
// [Echo.Done] reports true, nothing is left.
//
// The Event is a part of b and valid until the next call. The payload of an event whose
// piece is still incomplete is sent later, with the rest of that piece.
func (e *Echo) Next(b *Buffer) *Event {
	ev := e.Decode(b)
	if ev.Kind == Data { // spares the most frequent events a call
		e.answerData(b, ev)
	} else if ev.Kind != NeedMore && ev.Kind != Yield {
		e.Answer(b, ev)
	}
	return ev
}

// Decode is Next without the answer. Unless the event is NeedMore or Yield, the caller must
// pass it to either [Echo.Answer] or [Echo.Drop] before the next call, and all events of a
// message to the same one.
func (e *Echo) Decode(b *Buffer) *Event {
	ev := &b.event
	if e.Done() {
		b.Discard()
		*ev = Event{}
		return ev
	}
	if e.CloseSent() { // what is held can no longer be sent (section 5.5.1)
		b.Start += int(e.held)
		e.held = 0
	}
	at := b.Start + int(e.held)
	if b.work >= enoughWork && at < b.End {
		*ev = Event{Kind: Yield}
		return ev
	}
	ev.used = e.decoder.Next(b.Mem[at:b.End], ev)
	b.work += frameWork + len(ev.Payload)/payloadBytes + ev.work
	if ev.length > 0 {
		e.whole = ev.length <= MaxWhole
	}
	return ev
}

// Answer answers the event that Decode has returned. Its Payload may move within b. After a
// close frame of the server, nothing is sent (section 5.5.1).
func (e *Echo) Answer(b *Buffer, ev *Event) {
	switch ev.Kind {
	case Data:
		e.answerData(b, ev)
	case Ping: // section 5.5.3: each one, although an answer to the most recent would be enough
		e.answerControl(b, ev, OpPong)
	case Pong: // section 5.5.3: no answer
		b.Start += ev.used
	case Close:
		e.answerClose(b, ev)
	case Failed:
		e.answerFailed(b, ev)
	}
}

// Drop discards the event that Decode has returned, without an answer. A dropped Close event
// does not count as received. After a dropped Failed event, Done reports true. The caller may
// still send a close frame, with the code and the text of the event's Err.
//
// With context takeover ([Deflate]), a compressed message may refer to earlier ones. After
// dropping one, the caller must either send its payload by other means or drop those that
// follow, too.
func (e *Echo) Drop(b *Buffer, ev *Event) {
	b.Start += int(e.held) + ev.used
	e.held = 0
	if ev.Kind == Failed {
		e.closing |= failed
		b.Discard()
		e.Release()
	}
}

// answerData answers a data frame, or holds a piece of one that has to wait.
func (e *Echo) answerData(b *Buffer, ev *Event) {
	end := b.Start + int(e.held) + ev.used
	if e.CloseSent() {
		b.Start = end
		return
	}
	start := end - len(ev.Payload) - int(e.held)
	if !ev.End && e.holds(b, end, end-start) {
		b.Start = start
		e.held = int32(end - start)
		return
	}
	payload := b.answer(e.firstByte(ev), start, end)
	ev.Payload = payload[e.held:]
	e.held = 0
}

// holds reports whether an unfinished piece, the n bytes before end in b, has to wait. It is
// sent only when everything that has been read is decoded, or the turn ends: a second piece of
// the frame would have no room for its header in b.
func (e *Echo) holds(b *Buffer, end, n int) bool {
	switch {
	case e.whole, n < MinPiece:
		return true
	case end == b.End:
		return e.decoder.moreOutput()
	default:
		return b.work < enoughWork // then Decode yields
	}
}

// firstByte returns the first byte of the next frame of the message that ev belongs to.
func (e *Echo) firstByte(ev *Event) byte {
	first := byte(OpContinuation)
	if !e.begun {
		first = byte(ev.Opcode)
		if ev.Compressed { // RFC 7692 section 6.1: on the first frame only
			first |= rsv1Bit
		}
	}
	last := ev.Last()
	if last {
		first |= finBit
	}
	e.begun = !last
	return first
}

// answerControl answers a control frame with one that has the same payload.
func (e *Echo) answerControl(b *Buffer, ev *Event, opcode Opcode) {
	end := b.Start + ev.used
	if e.CloseSent() {
		b.Start = end
		return
	}
	ev.Payload = b.answer(finBit|byte(opcode), end-len(ev.Payload), end)
}
