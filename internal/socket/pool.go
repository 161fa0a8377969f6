package socket

import (
	"sync"
	"sync/atomic"
)

// Pool lends buffers of a few fixed sizes, and counts what is lent. A connection
// that waits for the rest of something holds a buffer that is in proportion to
// what it has sent.
type Pool struct {
	sizes []int
	free  []sync.Pool // of *[]byte, for each size
	lent  atomic.Int64
}

// NewPool returns a pool of buffers of the given sizes, in bytes, in ascending order.
func NewPool(sizes ...int) *Pool {
	p := &Pool{sizes: sizes, free: make([]sync.Pool, len(sizes))}
	for class, size := range sizes {
		p.free[class].New = func() any {
			b := make([]byte, size)
			return &b
		}
	}
	return p
}

// Lent is how many bytes of buffers are lent now.
func (p *Pool) Lent() int64 { return p.lent.Load() }

// largest is the class of the largest buffers.
func (p *Pool) largest() int { return len(p.sizes) - 1 }

// class is the class of the smallest buffers that have n bytes, or of the largest
// when none has.
func (p *Pool) class(n int) int {
	for class, size := range p.sizes {
		if size >= n {
			return class
		}
	}
	return p.largest()
}

// get lends a buffer. Its content is whatever its last user left.
func (p *Pool) get(class int) *[]byte {
	p.lent.Add(int64(p.sizes[class]))
	return p.free[class].Get().(*[]byte)
}

// put takes back a buffer that get lent from the same class.
func (p *Pool) put(class int, b *[]byte) {
	p.lent.Add(-int64(p.sizes[class]))
	p.free[class].Put(b)
}
