package socket

import (
	"container/heap"
	"time"
)

// wakeHeap has the connections of a loop that want to be woken, the first of them on
// top. A connection stands in it once.
type wakeHeap []*loopConn

// first is the earliest time, or 0.
func (h wakeHeap) first() time.Duration {
	if len(h) == 0 {
		return 0
	}
	return h[0].wakeAt
}

// set puts c into the heap, or moves it to an earlier time. One whose time moves to later
// stays, and is woken once for nothing: that is cheaper than to move it with each message.
func (h *wakeHeap) set(c *loopConn, at time.Duration) {
	switch {
	case at == 0:
	case c.wakeAt == 0:
		c.wakeAt = at
		heap.Push((*wakeOrder)(h), c)
	case at < c.wakeAt:
		c.wakeAt = at
		heap.Fix((*wakeOrder)(h), int(c.place))
	}
}

// pop takes the first out.
func (h *wakeHeap) pop() *loopConn {
	c := heap.Pop((*wakeOrder)(h)).(*loopConn)
	c.wakeAt = 0
	return c
}

// remove takes c out, if it is in.
func (h *wakeHeap) remove(c *loopConn) {
	if c.wakeAt != 0 {
		heap.Remove((*wakeOrder)(h), int(c.place))
		c.wakeAt = 0
	}
}

// wakeOrder is the heap as container/heap wants it.
type wakeOrder []*loopConn

func (o wakeOrder) Len() int           { return len(o) }
func (o wakeOrder) Less(i, j int) bool { return o[i].wakeAt < o[j].wakeAt }

func (o wakeOrder) Swap(i, j int) {
	o[i], o[j] = o[j], o[i]
	o[i].place, o[j].place = int32(i), int32(j)
}

func (o *wakeOrder) Push(c any) {
	c.(*loopConn).place = int32(len(*o))
	*o = append(*o, c.(*loopConn))
}

func (o *wakeOrder) Pop() any {
	last := len(*o) - 1
	c := (*o)[last]
	(*o)[last] = nil
	*o = (*o)[:last]
	return c
}
