package service

import (
	"sync"
	"unsafe"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// inflaters is a pool of inflaters. It implements [wsproto.Inflaters].
type inflaters struct {
	pool    sync.Pool
	account *budget.Account // of those in use
}

func newInflaters(account *budget.Account) *inflaters {
	return &inflaters{sync.Pool{New: func() any { return new(wsproto.Inflater) }}, account}
}

const inflaterSize = int64(unsafe.Sizeof(wsproto.Inflater{}))

func (i *inflaters) Get() *wsproto.Inflater {
	i.account.Add(budget.Inflaters, inflaterSize)
	return i.pool.Get().(*wsproto.Inflater)
}

func (i *inflaters) Put(f *wsproto.Inflater) {
	i.account.Add(budget.Inflaters, -inflaterSize)
	i.pool.Put(f)
}
