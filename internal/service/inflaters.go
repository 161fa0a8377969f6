package service

import (
	"sync"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// inflaters is a pool of inflaters. It implements [wsproto.Inflaters].
type inflaters struct{ pool sync.Pool }

func newInflaters() *inflaters {
	return &inflaters{sync.Pool{New: func() any { return new(wsproto.Inflater) }}}
}

func (i *inflaters) Get() *wsproto.Inflater  { return i.pool.Get().(*wsproto.Inflater) }
func (i *inflaters) Put(f *wsproto.Inflater) { i.pool.Put(f) }
