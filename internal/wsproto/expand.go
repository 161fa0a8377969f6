package wsproto

const (
	// expandRoom is how long the header of an expanded piece can be.
	expandRoom = 4
	// expandCut is how many compressed bytes are inflated in one go for an answer that is
	// not compressed: they become at most 32 KB (RFC 1951: 258 bytes of 2 bits).
	expandCut = 31
	// expandEnough is how many bytes make a piece of such an answer.
	expandEnough = 4 << 10
	// expandMost is how many bytes a piece may have.
	expandMost = expandEnough + expandCut*1032
)

// clearAnswer makes room for the next piece.
func (f *Inflater) clearAnswer() {
	if f.answer == nil {
		f.answer = make([]byte, 0, expandRoom+expandMost)
	}
	f.answer = f.answer[:expandRoom]
}

// expand answers a piece of a compressed message, which ends at end in b, with what it
// has become (see [Deflate]). The answer is longer than the piece, so that it does not
// fit into b, and stands alone in b.Out.
func (e *Echo) expand(b *Buffer, ev *Event, end int) {
	b.Start = end
	answer := e.decoder.inflater.answer
	last := ev.End && ev.Fin
	if len(answer) == expandRoom && !last {
		return
	}
	var header [maxServerHeader]byte
	h := appendHeader(header[:0], e.firstByte(ev.Opcode, false, last), len(answer)-expandRoom)
	b.apart = answer[expandRoom-len(h):]
	copy(b.apart, h)
}
