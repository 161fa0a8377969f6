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
	// begunWait is the time for the rest, which takes one or two round trips in a TLS handshake.
	// Work of the driver in between does not extend it, because a client that sends a byte in each
	// record can make the driver work very often.
	begunWait = 100 * time.Millisecond
)

// longShare is the part of the limit that long handshakes may take: one in so many.
const longShare = 8

// handshakes are the connections whose handlers are not established. A driver that has too
// many drops one that waits for its peer, or one whose TLS handshake is long. Like a SYN queue, it
// stays open for clients that complete their handshakes in time. Each list is in the order of since,
// which is not always the order in which the connections were accepted.
type handshakes[C any] struct {
	limit    int       // 0 is none
	answered list.List // of connections that have had their refusal, or the answer to a health check, and linger
	silent   list.List // of those that have sent nothing
	begun    list.List // of those that have sent something, and have to send more
	working  list.List // of those that wait for the driver, which works on their TLS handshake or has them in its queue
	long     list.List // of those whose TLS handshake is long, see clearBytes
}

// handshake is a connection in one of the lists. Elements hold a pointer to it, because a value
// would be allocated again with each move to another list.
type handshake[C any] struct {
	conn   C
	in     *list.List
	since  Instant       // when it entered the list; in begun, earlier by what it had waited before
	waited time.Duration // in working: how long it had been in begun
}

// add adds a connection.
func (h *handshakes[C]) add(c C, now Instant) *list.Element {
	return h.silent.PushBack(&handshake[C]{conn: c, in: &h.silent, since: now})
}

// move moves a connection to another list, and returns its new element.
func (h *handshakes[C]) move(e *list.Element, to *list.List, now Instant) *list.Element {
	c := h.remove(e)
	c.in, c.since = to, now
	return to.PushBack(c)
}

// begin notes that a connection has sent something, and returns its new element.
func (h *handshakes[C]) begin(e *list.Element, now Instant) *list.Element {
	if e.Value.(*handshake[C]).in != &h.silent {
		return e // it has begun earlier
	}
	return h.move(e, &h.begun, now)
}

// work notes that a connection waits for the driver, and returns its new element.
func (h *handshakes[C]) work(e *list.Element, now Instant) *list.Element {
	c := e.Value.(*handshake[C])
	switch c.in {
	case &h.long:
		return e
	case &h.begun:
		c.waited = now.Sub(c.since)
	}
	return h.move(e, &h.working, now)
}

// rest notes that a connection no longer waits for the driver, and returns its new element.
func (h *handshakes[C]) rest(e *list.Element, now Instant) *list.Element {
	c := e.Value.(*handshake[C])
	if c.in != &h.working {
		return e
	}
	e = h.move(e, &h.begun, now.Add(-c.waited))
	for at := e.Prev(); at != nil && at.Value.(*handshake[C]).since > c.since; at = e.Prev() {
		h.begun.MoveBefore(e, at)
	}
	return e
}

// markLong notes that the TLS handshake of a connection is long, and returns its new element.
func (h *handshakes[C]) markLong(e *list.Element, now Instant) *list.Element {
	if e.Value.(*handshake[C]).in == &h.long {
		return e
	}
	return h.move(e, &h.long, now)
}

// complete notes that the TLS handshake of a connection is complete, and returns its new element.
func (h *handshakes[C]) complete(e *list.Element, now Instant) *list.Element {
	if e.Value.(*handshake[C]).in != &h.long {
		return e
	}
	return h.move(e, &h.begun, now)
}

// tooLong returns the connection to drop when one more is long: the oldest of these, if there are too
// many of them. It may wait for the driver: each takes much memory, and time that others
// wait for.
func (h *handshakes[C]) tooLong() (c C, ok bool) {
	if h.limit == 0 || h.long.Len() <= max(1, h.limit/longShare) {
		return c, false
	}
	return h.long.Front().Value.(*handshake[C]).conn, true
}

// answer notes that a connection has been sent its last byte, and returns its new element.
func (h *handshakes[C]) answer(e *list.Element, now Instant) *list.Element {
	return h.move(e, &h.answered, now)
}

// remove removes a connection.
func (h *handshakes[C]) remove(e *list.Element) *handshake[C] {
	c := e.Value.(*handshake[C])
	c.in.Remove(e)
	return c
}

// len returns how many connections there are.
func (h *handshakes[C]) len() int {
	return h.answered.Len() + h.silent.Len() + h.begun.Len() + h.working.Len() + h.long.Len()
}

// full reports whether one must be dropped before another is added, if first returns one.
func (h *handshakes[C]) full() bool { return h.limit > 0 && h.len() >= h.limit }

// first returns the connection to drop: the oldest one that was answered, or else the oldest of
// the larger group, which are the silent ones or those that have begun. So a flood of one kind does
// not push out the other: every client is silent for a round trip.
//
// It returns none if that one has not waited long enough, or if all of them wait for the driver.
// Otherwise quick clients would be dropped too when many come at once.
func (h *handshakes[C]) first(now Instant) (c C, ok bool) {
	larger, least := &h.silent, silentWait
	if h.begun.Len() > h.silent.Len() {
		larger, least = &h.begun, begunWait
	}
	if e := h.answered.Front(); e != nil {
		return e.Value.(*handshake[C]).conn, true
	}
	if e := larger.Front(); e != nil {
		if oldest := e.Value.(*handshake[C]); oldest.since.Add(least).Reached(now) {
			return oldest.conn, true
		}
	}
	return c, false
}
