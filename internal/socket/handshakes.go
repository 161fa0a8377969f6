package socket

import (
	"container/list"
	"errors"
	"time"
)

// ErrHandshakes is the cause of closing a connection that had not completed its handshake
// when another one needed its place.
var ErrHandshakes = errors.New("too many unfinished handshakes")

// A connection must have waited for its peer for some time before it is dropped for another one.
// These times are short, since the peer may be one of a flood.
const (
	// silentWait is the time for the first bytes, which most peers send with the end of TCP's
	// handshake.
	silentWait = 10 * time.Millisecond
	// begunWait is the time for what follows, after a round trip if it is TLS's handshake.
	begunWait = 100 * time.Millisecond
)

// handshakes are the connections whose handlers are not established. A driver that has too
// many drops one that waits for its peer: like a SYN queue, it stays open for those who complete
// their handshakes in time. Each list is in the order in which connections entered it, which is
// not always that in which they were accepted.
type handshakes[C any] struct {
	limit   int       // 0 is none
	refused list.List // of connections that have had their answer, and linger
	silent  list.List // of those that have sent nothing
	begun   list.List // of those that have sent something, and have to send more
	working list.List // of those whose TLS handshake the driver works on
}

// handshake is an element of a list.
type handshake[C any] struct {
	conn  C
	since Instant // when it entered the list
}

// add adds a connection.
func (h *handshakes[C]) add(c C, now Instant) *list.Element {
	return h.silent.PushBack(handshake[C]{c, now})
}

// begin notes that a connection has sent something, and returns its new element.
func (h *handshakes[C]) begin(e *list.Element, now Instant) *list.Element {
	return h.move(e, &h.silent, &h.begun, now)
}

// work notes that a connection waits for the driver, and returns its new element.
func (h *handshakes[C]) work(e *list.Element, now Instant) *list.Element {
	h.remove(e)
	return h.working.PushBack(handshake[C]{e.Value.(handshake[C]).conn, now})
}

// rest notes that a connection no longer waits for the driver, and returns its new element.
func (h *handshakes[C]) rest(e *list.Element, now Instant) *list.Element {
	return h.move(e, &h.working, &h.begun, now)
}

// refuse notes that a connection has been sent all that it will be, and returns its new
// element.
func (h *handshakes[C]) refuse(e *list.Element, now Instant) *list.Element {
	h.remove(e)
	return h.refused.PushBack(handshake[C]{e.Value.(handshake[C]).conn, now})
}

// move moves an element from one list to another, and returns the new one, or e if that is in
// another list.
func (h *handshakes[C]) move(e *list.Element, from, to *list.List, now Instant) *list.Element {
	before := from.Len()
	if from.Remove(e); from.Len() == before {
		return e
	}
	return to.PushBack(handshake[C]{e.Value.(handshake[C]).conn, now})
}

// remove removes a connection.
func (h *handshakes[C]) remove(e *list.Element) {
	h.refused.Remove(e)
	h.silent.Remove(e)
	h.begun.Remove(e)
	h.working.Remove(e)
}

// len returns how many connections there are.
func (h *handshakes[C]) len() int {
	return h.refused.Len() + h.silent.Len() + h.begun.Len() + h.working.Len()
}

// full reports whether one must be dropped before another is added, if first returns one.
func (h *handshakes[C]) full() bool { return h.limit > 0 && h.len() >= h.limit }

// first returns the connection to drop: the oldest one that was refused, or else the oldest of
// the larger group, which are the silent ones or those that have begun. So a flood of one kind does
// not push out the other: every client is silent for a round trip.
//
// It returns none as long as that one has not waited long enough, or while the driver works on all.
// Otherwise those who are quick would be dropped too when many come at once.
func (h *handshakes[C]) first(now Instant) (c C, ok bool) {
	larger, least := &h.silent, silentWait
	if h.begun.Len() > h.silent.Len() {
		larger, least = &h.begun, begunWait
	}
	if e := h.refused.Front(); e != nil {
		return e.Value.(handshake[C]).conn, true
	}
	if e := larger.Front(); e != nil {
		if oldest := e.Value.(handshake[C]); oldest.since.Add(least).Reached(now) {
			return oldest.conn, true
		}
	}
	return c, false
}
