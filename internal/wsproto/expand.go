package wsproto

const (
	// pieceRoom is how long the header of a piece can be.
	pieceRoom = 4
	// pieceCut is how many compressed bytes are inflated in one go for an answer that is
	// not compressed: they become at most 32 KB (RFC 1951: 258 bytes of 2 bits).
	pieceCut = 31
	// pieceEnough is how many bytes make a piece of such an answer.
	pieceEnough = 4 << 10
	// pieceMost is how many bytes a piece may have.
	pieceMost = pieceEnough + pieceCut*1032
)

// clearAnswer makes room for the next piece.
func (f *Inflater) clearAnswer() {
	if f.answer == nil {
		f.answer = make([]byte, 0, pieceRoom+pieceMost)
	}
	f.answer = f.answer[:pieceRoom]
}

// answerInflated answers a piece of a compressed message, which ends at end in b, with what it
// has become (see [Deflate]). The answer is longer than the piece, so that it does not
// fit into b, and stands alone in b.Out.
func (e *Echo) answerInflated(b *Buffer, ev *Event, end int) {
	b.Start = end
	answer := e.decoder.inflater.answer
	last := ev.End && ev.Fin
	if len(answer) == pieceRoom && !last {
		return
	}
	var header [maxServerHeader]byte
	h := appendHeader(header[:0], e.firstByte(ev.Opcode, false, last), len(answer)-pieceRoom)
	b.apart = answer[pieceRoom-len(h):]
	copy(b.apart, h)
	ev.Answered = len(answer) - pieceRoom
}
