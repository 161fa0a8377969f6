package socket

import (
	"testing"

	"github.com/echosvc/echosvc/internal/budget"
)

// TestPoolLendsOnAccount: as heap, of which a byte counts as 1.25.
func TestPoolLendsOnAccount(t *testing.T) {
	account := budget.NewAccount(0)
	p := newPool(account, 100, 200, 400)
	for n, want := range map[int]int{0: 100, 100: 100, 101: 200, 400: 400, 1000: 400} {
		class := p.class(n)
		b := p.get(class)
		if held := account.HeldBy(budget.Buffers); len(*b) != want || held != int64(want)*5/4 {
			t.Errorf("for %d bytes: a buffer of %d, %d on the account; want %d", n, len(*b), held, want)
		}
		p.put(class, b)
		if held := account.HeldBy(budget.Buffers); held != 0 {
			t.Errorf("%d bytes are on the account at the end", held)
		}
	}
}
