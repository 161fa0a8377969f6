package socket

import (
	"os"

	"golang.org/x/sys/unix"
)

// sendStep sends what a Step writes, and returns the rest, as ciphertext if it is sent over TLS.
func (l *loop) sendStep(c *loopConn, step Step) (rest []byte, err error) {
	out := step.Write
	if l.secured != nil {
		if out, err = l.encrypt(c, step); err != nil {
			return nil, err
		}
	}
	return l.send(c, out)
}

// send sends p, or as much of it as the socket takes, and returns the rest.
func (l *loop) send(c *loopConn, p []byte) (rest []byte, err error) {
	if len(p) == 0 {
		return nil, nil
	}
	c.active = true
	n, err := sendNow(int(c.fd), p)
	if err != nil && err != unix.EAGAIN && err != unix.EINTR {
		return p, os.NewSyscallError("write", err)
	}
	shown, due := c.trust.sent(n, func() int32 { return unacknowledged(int(c.fd)) })
	if shown {
		if t, ok := l.taking[c]; ok {
			t.begin()
			l.taking[c] = t
		}
		l.thaw(c)
	}
	if due {
		l.measure(c)
	}
	return p[n:], nil
}

// hold copies what a connection keeps and what could not be sent into a buffer of fitting
// size, or gives up its buffer if there is neither. Both may be parts of the buffer that
// it holds now.
func (l *loop) hold(c *loopConn, kept, pending []byte) {
	pool, headroom := l.driver.pool, l.driver.config.Headroom
	last, lastClass := c.held, 0
	if last != nil {
		lastClass = pool.class(len(*last))
	}
	c.kept, c.pending = int32(len(kept)), int32(len(pending))
	size := headroom + len(kept) + len(pending)
	switch {
	case len(kept)+len(pending) == 0:
		c.held = nil
	case last != nil && len(pending) == 0 && lastClass == l.heldClass(size):
		copy((*last)[headroom:], kept)
		return
	default:
		c.held = pool.get(l.heldClass(size))
		l.level = l.driver.config.Account.Pressure()
		copy((*c.held)[headroom:], kept)
		copy((*c.held)[headroom+len(kept):], pending)
	}
	if last != nil {
		pool.put(lastClass, last)
	}
}

// heldClass returns the class of the buffer for that many bytes. A buffer that the next
// read goes to, see readBuffer, must have room for a whole frame.
func (l *loop) heldClass(size int) int {
	if size > mediumBuffer {
		size = max(size, l.driver.config.Buffer)
	}
	return l.driver.pool.class(size)
}

// flush sends more of what is pending. Nothing is read until all of it has been sent.
func (l *loop) flush(c *loopConn) {
	first := l.driver.config.Headroom + int(c.kept) + int(l.sending[c])
	rest, err := l.send(c, (*c.held)[first:first+int(c.pending)])
	if err != nil {
		l.closeConn(c, err)
		return
	}
	n := c.pending - int32(len(rest))
	c.pending -= n
	switch {
	case c.pending == 0:
		c.completed = l.now
		delete(l.sending, c)
		delete(l.taking, c)
		l.setKernel(c, 0)
		l.thaw(c)
		l.hold(c, l.keptBytes(c), nil)
		l.finish(c)
	case n > 0:
		l.sending[c] += n
		l.extend(c)
	}
}

// extend gives a peer that has taken something the whole write time-out again.
func (l *loop) extend(c *loopConn) {
	t, limited := l.taking[c], l.driver.config.WriteTimeout > 0
	if limited {
		t.look(l.now, unacknowledged(int(c.fd)), &c.trust)
	}
	t.since = l.now
	l.taking[c] = t
	if limited {
		l.lookAgain(c)
	}
}

// lookAgain plans the next lookAtWrite.
func (l *loop) lookAgain(c *loopConn) {
	writeBy := l.taking[c].since.Add(l.driver.config.WriteTimeout)
	l.timers.set(c, Earliest(writeBy, l.shedding[c], l.now.Add(l.driver.config.writeLook())))
}

// lookAtWrite closes a connection whose peer has taken nothing for the write time-out, or
// which is to be shed. It has to look, since epoll reports room in a socket only when a
// third of the send buffer is free, which can be a megabyte.
func (l *loop) lookAtWrite(c *loopConn) {
	if l.shedding[c].Reached(l.now) {
		l.closeConn(c, ErrShed)
		return
	}
	timeout := l.driver.config.WriteTimeout
	if timeout == 0 {
		return
	}
	l.measure(c)
	seen := l.taking[c]
	switch {
	case unacknowledged(int(c.fd)) < seen.unread:
		l.extend(c)
	case seen.since.Add(timeout).Reached(l.now):
		l.closeConn(c, ErrWriteTimeout)
	default:
		l.lookAgain(c)
	}
}
