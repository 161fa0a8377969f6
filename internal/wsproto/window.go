package wsproto

import "encoding/binary"

const (
	maxWindowBits = 15 // RFC 7692 section 7.1.2.1
	maxWindow     = 1 << maxWindowBits

	// copySlack is how many bytes behind the end of a match may be overwritten when it
	// is copied in words.
	copySlack = 24

	// ringSize is more than the largest window, so that what is overwritten is too far
	// back to be referred to.
	ringSize = maxWindow + copySlack
)

// window is the output of an inflater, written around in a ring: where it is written
// next, what is before that, and the match that is being copied from there.
//
//	0                pos             ringSize
//	|  newer output  |  older output  |
type window struct {
	pos      int // where the next byte of output goes; ringSize until the next call
	older    int // how many bytes at the ring's end are older output
	size     int // how far back a match may reach: 1 << bits
	copyLeft int // bytes of the current match that are still to be copied
	copyDist int // how far back they are
	ring     [ringSize]byte
}

// reset begins a window of 1<<bits bytes that has history behind it.
func (w *window) reset(bits uint8, history []byte) {
	w.pos, w.size, w.copyLeft = 0, 1<<bits, 0
	w.older = copy(w.ring[ringSize-len(history):], history)
}

// wrap goes on at the ring's beginning when its end is reached.
func (w *window) wrap() {
	if w.pos == ringSize {
		w.pos, w.older = 0, ringSize
	}
}

// reaches says whether a match may begin dist bytes back: within the window, and not
// before the beginning of all output.
func (w *window) reaches(dist int) bool {
	return dist <= w.size && dist-w.pos <= w.older
}

// copyMatch copies what is left of the current match, as far as the ring's end.
func (w *window) copyMatch() {
	from := w.pos - w.copyDist
	for w.copyLeft > 0 && w.pos < ringSize {
		if from < 0 { // older output, up to the ring's end
			from += ringSize
			w.copyPiece(from, ringSize-from)
			from = 0
			continue
		}
		// The match may overlap what it makes, which repeats then: each piece can be twice
		// as long as the one before.
		w.copyPiece(from, w.pos-from)
	}
}

// copyPiece copies up to most bytes of the current match.
func (w *window) copyPiece(from, most int) {
	n := copy(w.ring[w.pos:], w.ring[from:from+min(most, w.copyLeft)])
	w.pos += n
	w.copyLeft -= n
}

// appendHistory appends to dst as much of the last output as a match may reach.
func (w *window) appendHistory(dst []byte) []byte {
	return w.last(dst, min(w.size, w.older+w.pos))
}

// last appends to dst the last n bytes of output, which are to be in the ring.
func (w *window) last(dst []byte, n int) []byte {
	if n > w.pos {
		dst = append(dst, w.ring[ringSize-(n-w.pos):]...)
		n = w.pos
	}
	return append(dst, w.ring[w.pos-n:w.pos]...)
}

// repeatStep is, for a distance below 8, a multiple of it that is not.
var repeatStep = [8]int{0, 8, 8, 9, 8, 10, 12, 14}

// copyWords copies a match to pos from where it is in the ring. It copies words of 8
// bytes, two at a time, and so overwrites up to copySlack bytes behind the match.
func copyWords(ring *[ringSize]byte, pos, from, dist, length int) {
	end := pos + length
	if dist < 8 {
		for i := range 8 {
			ring[pos+i] = ring[from+i]
		}
		pos += 8
		from = pos - repeatStep[dist]
	}
	for {
		binary.LittleEndian.PutUint64(ring[pos:], binary.LittleEndian.Uint64(ring[from:]))
		binary.LittleEndian.PutUint64(ring[pos+8:], binary.LittleEndian.Uint64(ring[from+8:]))
		pos += 16
		from += 16
		if pos >= end {
			return
		}
	}
}
