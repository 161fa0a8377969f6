package socket

import "testing"

func TestPoolCountsWhatIsLent(t *testing.T) {
	p := NewPool(10, 20, 40)
	for n, want := range map[int]int{0: 10, 10: 10, 11: 20, 40: 40, 1000: 40} {
		class := p.class(n)
		b := p.get(class)
		if len(*b) != want || p.Lent() != int64(want) {
			t.Errorf("for %d bytes: a buffer of %d, %d lent; want %d", n, len(*b), p.Lent(), want)
		}
		p.put(class, b)
		if p.Lent() != 0 {
			t.Errorf("%d bytes lent at the end", p.Lent())
		}
	}
}
