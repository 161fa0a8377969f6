package socket

import (
	"container/list"
	"errors"
)

// ErrHandshakes is the cause of closing a connection that had not completed its handshake
// when another one needed its place.
var ErrHandshakes = errors.New("too many unfinished handshakes")

// handshakes are the connections whose handlers are not established. A driver that has too
// many drops the first: like a SYN queue, it stays open for those who complete their
// handshakes in time. Each list is in the order in which connections entered it, which is
// not always that in which they were accepted.
type handshakes[C any] struct {
	refused list.List // of connections that have had their answer, and linger
	silent  list.List // of those that have sent nothing
	begun   list.List // of the others
}

// add adds a connection.
func (h *handshakes[C]) add(c C) *list.Element { return h.silent.PushBack(c) }

// begin notes that a connection has sent something, and returns its new element.
func (h *handshakes[C]) begin(e *list.Element) *list.Element {
	before := h.silent.Len()
	if h.silent.Remove(e); h.silent.Len() == before {
		return e // it has begun earlier
	}
	return h.begun.PushBack(e.Value)
}

// refuse notes that a connection has been sent all that it will be, and returns its new
// element.
func (h *handshakes[C]) refuse(e *list.Element) *list.Element {
	h.remove(e)
	return h.refused.PushBack(e.Value)
}

// remove removes a connection.
func (h *handshakes[C]) remove(e *list.Element) {
	h.refused.Remove(e)
	h.silent.Remove(e)
	h.begun.Remove(e)
}

// len returns how many connections there are.
func (h *handshakes[C]) len() int { return h.refused.Len() + h.silent.Len() + h.begun.Len() }

// first returns the connection to drop: the oldest one that was refused, or else the oldest of
// the larger group, which are the silent ones or the others. So a flood of one kind does not
// push out the other: every client is silent for a round trip.
func (h *handshakes[C]) first() (c C, ok bool) {
	larger := &h.silent
	if h.begun.Len() > h.silent.Len() {
		larger = &h.begun
	}
	for _, l := range []*list.List{&h.refused, larger} {
		if e := l.Front(); e != nil {
			return e.Value.(C), true
		}
	}
	return c, false
}
