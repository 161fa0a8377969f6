package inflate

import "encoding/binary"

const (
	// MaxWindowBits is the base-2 logarithm of the largest window, 32 KiB (RFC 1951 section 2).
	MaxWindowBits = 15
	maxWindow     = 1 << MaxWindowBits

	// copySlack is how many bytes after the end of a match may be overwritten when the match
	// is copied in words.
	copySlack = 24

	// ringSize exceeds the largest window by what may be overwritten, so that no match can
	// reach those bytes.
	ringSize = maxWindow + copySlack
)

// window is the output of an Inflater, kept in a ring, and the match that is being copied.
//
//	0                pos             ringSize
//	|  newer output  |  older output  |
type window struct {
	pos      int // where the next byte of output goes; ringSize once the ring is full
	older    int // bytes of older output at the ring's end
	size     int // how far back a match may reach: 1 << bits
	copyLeft int // bytes of the current match still to be copied
	copyDist int // how far back they are
	ring     [ringSize]byte
}

// reset begins a window of 1<<bits bytes that is preceded by history.
func (w *window) reset(bits uint8, history []byte) {
	w.pos, w.size, w.copyLeft = 0, 1<<bits, 0
	w.older = copy(w.ring[ringSize-len(history):], history)
}

// wrap continues at the ring's beginning once its end has been reached.
func (w *window) wrap() {
	if w.pos == ringSize {
		w.pos, w.older = 0, ringSize
	}
}

// reaches reports whether a match may begin dist bytes back, which must be within the
// window and not before the first byte of output.
func (w *window) reaches(dist int) bool {
	return dist <= w.size && dist-w.pos <= w.older
}

// copyMatch copies what is left of the current match, up to the ring's end.
func (w *window) copyMatch() {
	from := w.pos - w.copyDist
	for w.copyLeft > 0 && w.pos < ringSize {
		if from < 0 { // older output, up to the ring's end
			from += ringSize
			w.copyPiece(from, ringSize-from)
			from = 0
			continue
		}
		// The match may overlap its own output, which then repeats. Each piece can be twice
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

// AppendHistory appends to dst the output that matches may still refer to, which is at most
// the window that Reset was given. It may be called between two calls of Next, except after
// Corrupt. dst must not be a part of what Next has returned.
func (f *Inflater) AppendHistory(dst []byte) []byte {
	w := &f.window
	n := min(w.size, w.older+w.pos)
	if n > w.pos {
		dst = append(dst, w.ring[ringSize-(n-w.pos):]...)
		n = w.pos
	}
	return append(dst, w.ring[w.pos-n:w.pos]...)
}

// repeatStep has, for each distance from 1 to 7, a multiple of it that is at least 8.
var repeatStep = [8]int{0, 8, 8, 9, 8, 10, 12, 14}

// copyWords copies a match within the ring, two words of 8 bytes at a time. It overwrites
// up to copySlack bytes after the match.
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
