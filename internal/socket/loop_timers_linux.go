package socket

import "container/heap"

// wakeHeap orders the connections of a loop by when they are to be woken. A connection is
// in it at most once.
type wakeHeap []*loopConn

// first returns the earliest instant, or never.
func (h wakeHeap) first() Instant {
	if len(h) == 0 {
		return 0
	}
	return h[0].wakeAt
}

// set adds c, or moves it to an earlier instant. A connection whose instant has moved to
// a later one stays where it is, since looking at it once for nothing costs less than
// moving it with each message.
func (h *wakeHeap) set(c *loopConn, at Instant) {
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

// pop removes and returns the first connection.
func (h *wakeHeap) pop() *loopConn {
	c := heap.Pop((*wakeOrder)(h)).(*loopConn)
	c.wakeAt = 0
	return c
}

// remove removes c, if the heap has it.
func (h *wakeHeap) remove(c *loopConn) {
	if c.wakeAt != 0 {
		heap.Remove((*wakeOrder)(h), int(c.place))
		c.wakeAt = 0
	}
}

// wakeOrder is wakeHeap as container/heap wants it.
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
