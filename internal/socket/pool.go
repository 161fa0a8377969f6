package socket

import (
	"sync"

	"github.com/echosvc/echosvc/internal/budget"
)

// pool lends buffers of a few fixed sizes. With several sizes, a connection that waits for the
// rest of something holds a buffer in proportion to what it has sent. A class is an index into
// the sizes.
type pool struct {
	sizes   []int
	free    []sync.Pool     // of *[]byte, for each size
	account *budget.Account // of what is lent
}

// newPool returns a pool of buffers of the given sizes, in bytes, in ascending order.
func newPool(account *budget.Account, sizes ...int) *pool {
	p := &pool{account: account, sizes: sizes, free: make([]sync.Pool, len(sizes))}
	for class, size := range sizes {
		p.free[class].New = func() any {
			b := make([]byte, size)
			return &b
		}
	}
	return p
}

// largest returns the class of the largest buffers.
func (p *pool) largest() int { return len(p.sizes) - 1 }

// class returns the class of the smallest buffers that hold n bytes, or of the largest
// if none does.
func (p *pool) class(n int) int {
	for class, size := range p.sizes {
		if size >= n {
			return class
		}
	}
	return p.largest()
}

// get lends a buffer. It still has the bytes of its last user.
func (p *pool) get(class int) *[]byte {
	p.account.Add(budget.Buffers, int64(p.sizes[class]))
	return p.free[class].Get().(*[]byte)
}

// put takes back a buffer that get has lent from the same class.
func (p *pool) put(class int, b *[]byte) {
	p.account.Add(budget.Buffers, -int64(p.sizes[class]))
	p.free[class].Put(b)
}
