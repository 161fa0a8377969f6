package wsproto

const (
	// MaxWhole is the largest payload of a data frame, in bytes, that an Echo answers as one
	// frame even if it arrives in pieces. A larger frame is answered as it arrives.
	MaxWhole = 64 << 10

	// MinPiece is the least payload, in bytes, of each fragment in which an Echo answers a frame
	// that is larger than MaxWhole. Only the last fragment may be shorter.
	MinPiece = 16 << 10

	// Headroom is how many bytes a [Buffer] must have before the bytes that are read into it.
	// An answer is shorter than its frame, except that a piece of a large frame needs a header
	// of its own, that the 101 response may be longer than the request, and that a close frame
	// may follow an answer.
	Headroom = 256

	// MinBuffer is the smallest Buffer, in bytes, in which every frame can be answered. It
	// holds the longest payload that waits for its rest, and the longest control frame after it.
	MinBuffer = Headroom + MaxWhole + maxClientHeader + MaxControlPayload
)

// Buffer is the memory in which a read is answered: what has been read is replaced, from
// the left, by what is to be sent.
//
//	0                                  Start      End        len(Mem)
//	|  room  |  to be sent  |  room    |  read    |  free     |
//
// The answers do not reach Start: a server's frame is at least 4 bytes shorter than the
// client's. For the exceptions, which [Headroom] lists, they move to the left.
//
// The caller owns Mem and sets Mem, Start and End before the first call. It must neither
// change Mem nor copy the Buffer until Out has been sent.
type Buffer struct {
	Mem        []byte
	Start, End int // Mem[Start:End] has been read from the connection and not used yet

	outStart, outEnd int   // Mem[outStart:outEnd] is to be sent
	work             int   // of the events so far
	event            Event // the last one
}

// Out returns the bytes to be sent, a part of Mem.
func (b *Buffer) Out() []byte { return b.Mem[b.outStart:b.outEnd] }

// Discard drops what has been read and not used.
func (b *Buffer) Discard() { b.Start = b.End }

// Replace takes the first n bytes of what has been read and puts out in their place, to be sent.
// It is for the opening handshake. out is copied. It may be longer than n bytes by less than half
// of [Headroom]: the other half is for a close frame that follows. With a longer out, Replace or a
// later Append may panic.
func (b *Buffer) Replace(n int, out []byte) {
	b.Start += n
	b.Append(out)
}

// Append copies a control frame to the end of the bytes to be sent. If there is too little room
// before Start, it moves them into the headroom, and the payload of the last event with them.
// The headroom is enough for one control frame.
func (b *Buffer) Append(frame []byte) {
	b.makeRoom(len(frame))
	b.outEnd += copy(b.Mem[b.outEnd:b.Start], frame)
}

// makeRoom moves the bytes to be sent to the left until n bytes fit between them and Start.
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

// answer uses everything up to end and sends Mem[start:end] as the payload of a frame whose
// first byte is given. The payload stays where it is if nothing else is to be sent, and
// otherwise moves to the frame before. answer returns it in its new place.
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
