package inflate

import (
	"bytes"
	"testing"

	"github.com/echosvc/echosvc/internal/inflate/inflatetest"
)

// lastOutput returns the output in the ring, oldest byte first.
func (w *window) lastOutput() []byte {
	return append(bytes.Clone(w.ring[w.pos:]), w.ring[:w.pos]...)
}

// TestMatchCopies_RFC1951Section3_2_3 compares matches of short and long distances, at and
// across the ends of the ring, with copies made byte by byte.
func TestMatchCopies_RFC1951Section3_2_3(t *testing.T) {
	var w window
	content := inflatetest.Noise(ringSize)
	dists := []int{100, 257, 258, 259, 300, maxWindow - 1, maxWindow}
	for dist := 1; dist <= 20; dist++ {
		dists = append(dists, dist)
	}
	for _, pos := range []int{0, 1, 7, 258, 5000, ringSize - fastRoom, ringSize - 258, ringSize - 100, ringSize - 1} {
		for _, dist := range dists {
			for _, length := range []int{3, 4, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 257, 258} {
				w.reset(MaxWindowBits, nil)
				copy(w.ring[:], content)
				w.pos, w.older = pos, ringSize
				want := w.lastOutput()
				for range length {
					want = append(want, want[len(want)-dist])
				}
				want = want[len(want)-maxWindow:]

				from := (pos - dist + ringSize) % ringSize
				if pos <= ringSize-fastRoom && from <= ringSize-fastRoom {
					copyWords(&w.ring, pos, from, dist, length)
					w.pos += length
					if got := w.lastOutput(); !bytes.Equal(got[len(got)-maxWindow:], want) {
						t.Fatalf("in words: %d bytes from %d back at %d", length, dist, pos)
					}
				}

				copy(w.ring[:], content)
				w.pos, w.copyLeft, w.copyDist = pos, length, dist
				for w.copyMatch(); w.copyLeft > 0; w.copyMatch() {
					if w.pos != ringSize {
						t.Fatalf("stopped at %d, with %d bytes left", w.pos, w.copyLeft)
					}
					w.wrap()
				}
				if got := w.lastOutput(); !bytes.Equal(got[len(got)-maxWindow:], want) {
					t.Fatalf("%d bytes from %d back at %d", length, dist, pos)
				}
			}
		}
	}
}

// TestReach checks that matches are limited by the window and by the output so far.
func TestReach(t *testing.T) {
	tests := []struct {
		bits            uint8
		history, output int // bytes
		reach           int
	}{
		{15, 0, 0, 0},
		{15, 0, 10, 10},
		{15, 5, 10, 15},
		{15, maxWindow, 0, maxWindow},
		{15, maxWindow, 10, maxWindow},
		{8, 0, 255, 255},
		{8, 0, 257, 256},
		{8, 256, 1, 256},
		{9, 256, 1, 257},
	}
	for _, test := range tests {
		var w Inflater
		w.Reset(test.bits, inflatetest.Noise(test.history))
		w.pos += test.output
		if !w.reaches(test.reach) || w.reaches(test.reach+1) {
			t.Errorf("%+v: %d: %v, %d: %v", test, test.reach, w.reaches(test.reach), test.reach+1, w.reaches(test.reach+1))
		}
		if got := len(w.AppendHistory(nil)); got != test.reach {
			t.Errorf("%+v: the history has %d bytes", test, got)
		}
	}
}
