package wsproto

// Echo is the server side of one connection after the opening handshake. It
// answers every frame in the [Buffer] that it came in: data with the same data,
// pings with pongs, a close frame with the same code and reason, and every breach
// of the protocol with the close frame that the RFC asks for.
//
// The client's fragmentation is kept. A frame of up to [MaxWhole] bytes is
// answered whole; a larger one that arrives in pieces is answered piece by piece,
// so that the server never owes the rest of a frame and can speak at any time. A
// compressed message goes back in the bytes in which it came, or, where [Deflate] does not
// allow that, inflated and in fragments of the server's.
type Echo struct {
	decoder decoder
	held    int32 // bytes at the buffer's Start that are unmasked and wait for the rest of their frame
	hold    bool  // the current frame is to be answered whole
	begun   bool  // a frame of the current message has been sent

	closeSent     bool
	closeReceived bool
	failed        bool
}

// NewEcho returns an Echo at the first byte behind the handshake, in which deflate was
// agreed on.
func NewEcho(config *Config, deflate Deflate) Echo {
	return Echo{decoder: newDecoder(config, deflate)}
}

// Release gives back what the Echo has been lent. It must be called when the connection
// ends, since that may be within a message.
func (e *Echo) Release() { e.decoder.release(e.decoder.config.Inflaters) }

// Deflate is what was agreed on about permessage-deflate.
func (e *Echo) Deflate() Deflate { return e.decoder.deflate }

// CloseSent says whether a close frame was sent. Nothing is sent behind it
// (RFC 6455 section 5.5.1).
func (e *Echo) CloseSent() bool { return e.closeSent }

// CloseReceived says whether the client's close frame has come.
func (e *Echo) CloseReceived() bool { return e.closeReceived }

// Last says whether all is said: the client's close frame has come or it broke the
// protocol. What still arrives is to be discarded, and the sending side to be shut
// down.
func (e *Echo) Last() bool { return e.closeReceived || e.failed }

// Next answers the next frame in b, or the next piece of one, and says what it was.
// The Payload of what was answered is in its place in b.Out, unless it was answered with
// something else (see [Deflate]). After [NeedMore] everything that
// can be answered has been; what is left in b must be in front of the next read. After
// [Yield] there is more to be done without waiting for a read: what is left is to be given
// again.
// When [Echo.Last] is true, nothing is left. The Event is in b, which must not be copied
// while that is used, and is valid until the next call.
func (e *Echo) Next(b *Buffer) *Event {
	ev := &b.event
	*ev = Event{}
	if e.Last() {
		b.Discard()
		return ev
	}
	if e.closeSent {
		b.Start += int(e.held)
		e.held = 0
	}
	if e.yields(b) {
		ev.Kind = Yield
		return ev
	}
	n := e.decoder.next(b.Mem[b.Start+int(e.held):b.End], ev)
	b.work += ev.work
	switch ev.Kind {
	case Data:
		e.data(b, ev, n)
	case Ping:
		e.control(b, ev, opPong, n)
	case Pong:
		b.Start += n
	case Close:
		e.closeReceived = true
		e.control(b, ev, opClose, n)
		e.closeSent = true
		b.Discard()
		e.Release()
	case Failed:
		e.fail(b, ev.Violation)
	}
	return ev
}

// data answers a data frame or a piece of one. n is how many bytes it took in b,
// behind those held. A piece that has to wait becomes NeedMore, or Yield where the rest
// of its frame is there.
func (e *Echo) data(b *Buffer, ev *Event, n int) {
	end := b.Start + int(e.held) + n
	start := end - len(ev.Payload) - int(e.held)
	if e.closeSent { // nothing is sent behind a close frame (section 5.5.1)
		b.Start = end
		return
	}
	if ev.Compressed && !e.decoder.deflate.verbatim() {
		e.answerInflated(b, ev, end)
		return
	}
	if ev.length > 0 {
		e.hold = ev.length <= MaxWhole
	}
	if !ev.End && (e.hold || len(ev.Payload) == 0) {
		b.Start = start
		e.held = int32(end - start)
		*ev = Event{}
		if end < b.End {
			ev.Kind = Yield
		}
		return
	}
	ev.Payload = b.answer(e.firstByte(ev.Opcode, ev.Compressed, ev.End && ev.Fin), start, end)
	ev.Answered = len(ev.Payload)
	e.held = 0
}

// yields says whether others are to have their turn: because there is more in b, and what
// was in it has taken long enough or leaves no room for an answer that is longer, or
// because what is to be sent is in storage that the next call would give back.
func (e *Echo) yields(b *Buffer) bool {
	if b.apart != nil {
		return true
	}
	at := b.Start + int(e.held)
	if at == b.End {
		return false
	}
	return b.work >= enoughWork || len(b.Out()) > 0 && !e.decoder.deflate.verbatim() && e.decoder.inflatesNext(b.Mem[at])
}

// firstByte is the first byte of the next frame of the message that is being answered.
func (e *Echo) firstByte(opcode Opcode, compressed, last bool) byte {
	first := byte(opContinuation)
	if !e.begun {
		first = byte(opcode)
		if compressed {
			first |= rsv1Bit
		}
	}
	if last {
		first |= finBit
	}
	e.begun = !last
	return first
}

// control answers a control frame of n bytes with one that has the same payload.
func (e *Echo) control(b *Buffer, ev *Event, opcode Opcode, n int) {
	end := b.Start + n
	if e.closeSent { // section 5.5.1
		b.Start = end
		return
	}
	ev.Payload = b.answer(finBit|byte(opcode), end-len(ev.Payload), end)
}

// fail answers a breach with its close frame (RFC 6455 section 7.1.7).
func (e *Echo) fail(b *Buffer, v Violation) {
	e.failed = true
	e.held = 0
	b.Discard()
	defer e.Release()
	if e.closeSent { // section 5.5.1
		return
	}
	reason := violations[v].reason
	switch {
	case v == MessageOverLimit && e.decoder.config.LimitReason != "":
		reason = e.decoder.config.LimitReason
	case v == CorruptDeflate:
		reason += ": " + e.decoder.inflater.fault.String()
	}
	var frame [2 + maxControlPayload]byte
	b.Append(e.AppendClose(frame[:0], v.CloseCode(), reason))
}

// AppendClose appends a close frame of the server's own to dst (RFC 6455 section
// 7.1.2) and begins the closing handshake: from now on everything but the client's
// close frame is dropped. It must not be called when [Echo.CloseSent]. A reason of
// over 123 bytes is cut.
func (e *Echo) AppendClose(dst []byte, code CloseCode, reason string) []byte {
	e.closeSent = true
	return appendClose(dst, code, reason)
}

// AppendPing appends a ping (RFC 6455 section 5.5.2) with at most 125 bytes of
// payload to dst. It must not be called when [Echo.CloseSent].
func (e *Echo) AppendPing(dst, payload []byte) []byte {
	return append(appendHeader(dst, finBit|byte(opPing), len(payload)), payload...)
}

// MidMessage says whether a part of a message has been sent and the rest has not.
func (e *Echo) MidMessage() bool { return e.begun }

// AppendText appends a text message of the server's own to dst; it must be UTF-8. It must
// not be called when [Echo.CloseSent], nor when [Echo.MidMessage] (RFC 6455 section 5.4).
func (e *Echo) AppendText(dst, payload []byte) []byte {
	return append(appendHeader(dst, finBit|byte(Text), len(payload)), payload...)
}
