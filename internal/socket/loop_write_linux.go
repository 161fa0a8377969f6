package socket

import (
	"os"

	"golang.org/x/sys/unix"
)

// send sends p, or as much of it as the socket takes, and returns the rest.
func (l *loop) send(c *loopConn, p []byte) (rest []byte, err error) {
	if len(p) == 0 {
		return nil, nil
	}
	n, err := sendNow(int(c.fd), p)
	if err != nil && err != unix.EAGAIN && err != unix.EINTR {
		return p, os.NewSyscallError("write", err)
	}
	return p[n:], nil
}

// hold copies what a connection keeps and what could not be sent into a buffer of fitting
// size, or gives up its buffer if there is neither. Both may be parts of the buffer that
// it holds now.
func (l *loop) hold(c *loopConn, kept, pending []byte) {
	pool, headroom := l.driver.pool, l.driver.config.Headroom
	last, lastClass := c.held, c.class
	c.kept, c.pending, c.sent = int32(len(kept)), int32(len(pending)), 0
	size := headroom + len(kept) + len(pending)
	switch {
	case len(kept)+len(pending) == 0:
		c.held = nil
	case last != nil && len(pending) == 0 && int(lastClass) == l.heldClass(size):
		copy((*last)[headroom:], kept)
		return
	default:
		c.class = int8(l.heldClass(size))
		c.held = pool.get(int(c.class))
		copy((*c.held)[headroom:], kept)
		copy((*c.held)[headroom+len(kept):], pending)
	}
	if last != nil {
		pool.put(int(lastClass), last)
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
	first := l.driver.config.Headroom + int(c.kept) + int(c.sent)
	rest, err := l.send(c, (*c.held)[first:first+int(c.pending)])
	if err != nil {
		l.closeConn(c, err)
		return
	}
	n := c.pending - int32(len(rest))
	c.pending -= n
	c.sent += n
	switch {
	case c.pending == 0:
		l.hold(c, l.keptBytes(c), nil)
		l.finish(c)
	case n > 0:
		l.extend(c)
	}
}

// extend gives a peer that has taken something the whole write time-out again.
func (l *loop) extend(c *loopConn) {
	if timeout := l.driver.config.WriteTimeout; timeout > 0 {
		c.unread = unread(c)
		c.writeBy = l.now.Add(timeout)
		l.lookAgain(c)
	}
}

// lookAgain plans the next lookAtWrite.
func (l *loop) lookAgain(c *loopConn) {
	l.timers.set(c, Earliest(c.writeBy, l.now.Add(l.driver.config.writeLook())))
}

// lookAtWrite closes a connection whose peer has taken nothing for the write time-out.
// It has to look, since epoll reports room in a socket only when a third of the send
// buffer is free, which can be a megabyte.
func (l *loop) lookAtWrite(c *loopConn) {
	switch {
	case l.driver.config.WriteTimeout == 0:
	case unread(c) < c.unread:
		l.extend(c)
	case c.writeBy.Reached(l.now):
		l.closeConn(c, ErrWriteTimeout)
	default:
		l.lookAgain(c)
	}
}

// unread returns how many bytes the peer's TCP has not acknowledged, sent or not.
func unread(c *loopConn) int32 {
	n, _ := unix.IoctlGetUint32(int(c.fd), unix.SIOCOUTQ) // cannot fail on a connection
	return int32(n)
}
