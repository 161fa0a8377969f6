package wsproto

// MaxWhole is the largest payload, in bytes, of a frame that is answered as one
// frame even when it arrives in pieces. A larger one that arrives in pieces is
// answered as it comes, each piece in a frame of its own.
const MaxWhole = 64 << 10

// Headroom is how many bytes a [Buffer] must have in front of what is read into it.
// The answer to a frame is shorter than the frame, except where a piece of a large
// frame needs a header of its own, where the 101 response is longer than the
// request, and where a close frame comes behind an answer.
const Headroom = 256

// MinBuffer is the least length of a buffer in which every frame can be answered.
const MinBuffer = Headroom + MaxWhole + maxClientHeader + maxControlPayload

// Buffer is the storage in which a read is answered: what has been read is
// replaced, from the left, by what is to be sent.
//
//	0                                  Start      End        len(Mem)
//	|  room  |  answers, to be sent  |  | not used |  free     |
//
// The answers never reach Start, because a server's frame is 4 bytes shorter than
// the client's. The caller owns Mem, sets all three before the first call, and
// must not touch Mem between two calls on the same bytes.
type Buffer struct {
	Mem        []byte
	Start, End int // Mem[Start:End] has been read from the socket and not been used

	outStart, outEnd int    // Mem[outStart:outEnd] is to be sent
	work             int    // of the events that there were
	apart            []byte // an answer that does not fit into Mem, with nothing beside it; else nil
	event            Event  // what the last call of Next found
}

// Out is what is to be sent: a part of Mem, or storage of the Echo's, valid until
// either is used again.
func (b *Buffer) Out() []byte {
	if b.apart != nil {
		return b.apart
	}
	return b.Mem[b.outStart:b.outEnd]
}

// Discard drops what has not been used.
func (b *Buffer) Discard() { b.Start = b.End }

// Replace uses the next n bytes and sends out in their place. It serves the
// handshake: out may be longer than n bytes by less than half of [Headroom].
func (b *Buffer) Replace(n int, out []byte) {
	b.Start += n
	b.Append(out)
}

// Append adds to what is to be sent: a close frame, of at most 127 bytes, or what Replace
// gives it. Where the room before the bytes not yet used is too small, it moves the
// answers into the headroom, which is enough for one: payloads of events may have moved.
func (b *Buffer) Append(frame []byte) {
	if b.apart != nil {
		b.apart = append(b.apart, frame...)
		return
	}
	b.makeRoom(len(frame))
	b.outEnd += copy(b.Mem[b.outEnd:b.Start], frame)
}

// Retract takes back the last n bytes of what is to be sent: for an answer that is not to
// be given.
func (b *Buffer) Retract(n int) { b.outEnd -= n }

// makeRoom moves the answers to the left until n bytes fit between them and Start.
func (b *Buffer) makeRoom(n int) {
	if b.outStart == b.outEnd {
		b.outStart, b.outEnd = b.Start-n, b.Start-n
	}
	if missing := b.outEnd + n - b.Start; missing > 0 {
		copy(b.Mem[b.outStart-missing:], b.Mem[b.outStart:b.outEnd])
		b.outStart -= missing
		b.outEnd -= missing
	}
}

// answer sends Mem[start:end] as the payload of a frame that begins with first. The bytes
// stay where they are when nothing else is to be sent, and move next to the frame before
// otherwise. It returns the payload in its new place, and has used all up to end.
func (b *Buffer) answer(first byte, start, end int) []byte {
	var header [maxServerHeader]byte
	h := appendHeader(header[:0], first, end-start)
	if b.outStart == b.outEnd {
		b.outStart, b.outEnd = start-len(h), start-len(h)
	}
	b.outEnd += copy(b.Mem[b.outEnd:], h)
	payload := b.Mem[b.outEnd : b.outEnd+end-start]
	copy(payload, b.Mem[start:end])
	b.outEnd += len(payload)
	b.Start = end
	return payload
}
