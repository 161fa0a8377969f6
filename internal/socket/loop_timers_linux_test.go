package socket

import (
	"math/rand/v2"
	"testing"
)

// TestWakeHeapAgainstAScan sets and removes random instants.
func TestWakeHeapAgainstAScan(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var h wakeHeap
	conns := make([]*loopConn, 100)
	for i := range conns {
		conns[i] = &loopConn{}
	}
	for range 10_000 {
		c := conns[random.IntN(len(conns))]
		switch random.IntN(4) {
		case 0:
			h.remove(c)
		case 1:
			if h.first() != 0 {
				first := h.first()
				for _, c := range conns {
					if c.wakeAt != 0 && c.wakeAt < first {
						t.Fatalf("%v is in the heap, and %v comes first", c.wakeAt, first)
					}
				}
				if c := h.pop(); c.wakeAt != 0 {
					t.Fatal("it is still in the heap after pop")
				}
			}
		default:
			before, at := c.wakeAt, Instant(random.IntN(1000))
			h.set(c, at)
			want := at
			if before != 0 && (at == 0 || before < at) {
				want = before
			}
			if c.wakeAt != want {
				t.Fatalf("set to %v after %v, it is %v", at, before, c.wakeAt)
			}
		}
	}
	for _, c := range conns {
		h.remove(c)
	}
	if h.first() != 0 {
		t.Error("the heap is not empty at the end")
	}
}
