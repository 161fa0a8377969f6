package socket

import (
	"testing"

	"github.com/echosvc/echosvc/internal/budget"
)

func TestPoolCountsBytesInUse(t *testing.T) {
	p := newPool(budget.NewAccount(0), 10, 20, 40)
	for n, want := range map[int]int{0: 10, 10: 10, 11: 20, 40: 40, 1000: 40} {
		class := p.class(n)
		b := p.get(class)
		if len(*b) != want || p.bytesInUse() != int64(want) {
			t.Errorf("for %d bytes: a buffer of %d, %d in use; want %d", n, len(*b), p.bytesInUse(), want)
		}
		p.put(class, b)
		if p.bytesInUse() != 0 {
			t.Errorf("%d bytes are in use at the end", p.bytesInUse())
		}
	}
}
