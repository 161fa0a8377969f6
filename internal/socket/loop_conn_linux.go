package socket

import (
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// loopConn is a connection of a loop.
type loopConn struct {
	handler    Handler
	held       *[]byte       // what is kept and what could not be written; nil when there is none
	wakeAt     time.Duration // in the loop's heap; 0 is not in it
	writeBy    time.Duration // when the peer must have taken something of what is to be written
	fd         int32
	generation uint32
	place      int32  // in the loop's heap
	kept       int32  // bytes in held, behind the headroom
	pending    int32  // bytes in held that are to be written, ...
	sent       int32  // ... behind those kept and those that have been
	unread     int32  // of what was written, what the peer had not taken at the last look
	poked      bool   // is to be woken when all is written
	paused     bool   // is not read, and epoll knows
	again      bool   // in the loop's list of those that are to receive again
	class      int8   // of held
	then       Action // to be done when all is written
}

// add begins to serve a connection.
func (l *loop) add(fd int, remote string) {
	generation := l.next
	l.next++
	if err := l.watch(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN, generation); err != nil {
		l.log.Error("epoll_ctl", "error", err)
		unix.Close(fd)
		return
	}
	c := &loopConn{handler: l.driver.config.Open(remote), fd: int32(fd), generation: generation}
	for len(l.conns) <= fd {
		l.conns = append(l.conns, nil)
	}
	l.conns[fd] = c
	l.do(c, c.handler.Opened(l.now), nil)
}

// read gives a connection what has arrived. What it has kept goes first: a little is
// copied into the loop's buffer, and much is where the next read goes.
func (l *loop) read(c *loopConn) {
	mem, end := l.readBuffer(c)
	n, err := receiveNow(int(c.fd), mem[end:])
	switch {
	case err == unix.EAGAIN, err == unix.EINTR:
	case err != nil:
		l.closeConn(c, os.NewSyscallError("read", err))
	case n == 0:
		l.do(c, c.handler.EndOfInput(l.now), nil)
	default:
		l.receive(c, mem, end+n)
	}
}

// readBuffer is where the next read of a connection goes: behind end, up to which it has what it
// has kept.
func (l *loop) readBuffer(c *loopConn) (mem []byte, end int) {
	headroom := l.driver.config.Headroom
	end = headroom + int(c.kept)
	if c.kept > mediumBuffer {
		return *c.held, end
	}
	if c.kept > 0 {
		copy(l.mem[headroom:], (*c.held)[headroom:end])
	}
	return l.mem, end
}

// receive gives a connection what is in its read buffer.
func (l *loop) receive(c *loopConn, mem []byte, end int) {
	step := c.handler.Receive(l.now, mem, l.driver.config.Headroom, end)
	l.do(c, step, mem[end-step.Kept:end])
}

// receiveAgain gives the connections that have asked for it what they have kept. Each asks
// once a turn, and those that do not fit into a turn's time wait for the next, so that
// the others have theirs in between.
func (l *loop) receiveAgain() {
	asked, began := l.again, l.driver.config.Now()
	l.again = nil
	for i, c := range asked {
		if l.beat()-began > againTime {
			l.again = append(asked[i:len(asked):len(asked)], l.again...)
			return
		}
		c.again = false
		if l.conns[c.fd] == c && l.wakeBetween(c) {
			mem, end := l.readBuffer(c)
			l.receive(c, mem, end)
		}
	}
}

// wakeBetween wakes a connection that is to receive again, if its time has come while it
// wrote. It says whether nothing keeps it from receiving now; what does will have it ask
// once more.
func (l *loop) wakeBetween(c *loopConn) bool {
	if c.pending == 0 && c.poked {
		c.poked = false
		l.wake(c)
	}
	if l.conns[c.fd] == c && c.pending > 0 && c.then == Read {
		c.then = Again
	}
	return l.conns[c.fd] == c && c.pending == 0
}

// wake tells a connection that its time may have come.
func (l *loop) wake(c *loopConn) {
	headroom := l.driver.config.Headroom
	step := c.handler.Wake(l.now, l.scratch[:0])
	var kept []byte
	if c.kept > 0 {
		kept = (*c.held)[headroom : headroom+int(c.kept)]
	}
	l.do(c, step, kept)
}

// do takes a step. kept is what the connection keeps of what has arrived.
func (l *loop) do(c *loopConn, step Step, kept []byte) {
	rest := step.Write
	if len(rest) > 0 {
		n, err := sendNow(int(c.fd), rest)
		if err != nil && err != unix.EAGAIN && err != unix.EINTR {
			l.closeConn(c, os.NewSyscallError("write", err))
			return
		}
		rest = rest[n:]
	}
	l.hold(c, kept, rest)
	if len(rest) == 0 {
		l.finish(c, step.Then)
		return
	}
	c.then = step.Then
	l.watch(unix.EPOLL_CTL_MOD, int(c.fd), unix.EPOLLOUT, c.generation)
	l.extend(c)
}

// hold keeps what a connection has for later, in a buffer that is in proportion, or
// gives its buffer back. Both may be parts of the one that it holds now.
func (l *loop) hold(c *loopConn, kept, pending []byte) {
	pool, headroom := l.driver.pool, l.driver.config.Headroom
	last, lastClass := c.held, c.class
	c.kept, c.pending, c.sent = int32(len(kept)), int32(len(pending)), 0
	size := headroom + len(kept) + len(pending)
	switch {
	case len(kept)+len(pending) == 0:
		c.held = nil
	case last != nil && len(pending) == 0 && int(lastClass) == l.keepClass(size):
		copy((*last)[headroom:], kept)
		return
	default:
		c.class = int8(l.keepClass(size))
		c.held = pool.get(int(c.class))
		copy((*c.held)[headroom:], kept)
		copy((*c.held)[headroom+len(kept):], pending)
	}
	if last != nil {
		pool.put(int(lastClass), last)
	}
}

// keepClass is the class of a buffer of some size. One that the next read goes into has
// room for a whole frame.
func (l *loop) keepClass(size int) int {
	if size > mediumBuffer {
		size = max(size, l.driver.config.Buffer)
	}
	return l.driver.pool.class(size)
}

// flush writes what could not be written before. Nothing is read until it has gone.
func (l *loop) flush(c *loopConn) {
	first := l.driver.config.Headroom + int(c.kept) + int(c.sent)
	n, err := sendNow(int(c.fd), (*c.held)[first:first+int(c.pending)])
	switch {
	case err == unix.EAGAIN, err == unix.EINTR:
		return
	case err != nil:
		l.closeConn(c, os.NewSyscallError("write", err))
		return
	}
	c.pending -= int32(n)
	c.sent += int32(n)
	if c.pending > 0 {
		l.extend(c)
		return
	}
	headroom := l.driver.config.Headroom
	l.hold(c, (*c.held)[headroom:headroom+int(c.kept)], nil)
	c.paused = c.then == Pause
	l.watchInput(c)
	l.finish(c, c.then)
}

// watchInput tells epoll whether the connection is to be read.
func (l *loop) watchInput(c *loopConn) {
	events := uint32(unix.EPOLLIN)
	if c.paused {
		events = unix.EPOLLET // a reset is reported all the same, and a hang-up once
	}
	l.watch(unix.EPOLL_CTL_MOD, int(c.fd), events, c.generation)
}

// extend gives a peer that has taken something the whole time again.
func (l *loop) extend(c *loopConn) {
	config := &l.driver.config
	if config.WriteTimeout > 0 {
		c.unread = unread(c)
		c.writeBy = l.now + config.WriteTimeout
		l.timers.set(c, min(c.writeBy, l.now+config.writeLook()))
	}
}

// lookAtWrite closes a connection whose peer has taken nothing for the time-out. That it
// takes something need not be an event: epoll tells of room in a socket only when that is a
// third of it, which can be a megabyte.
func (l *loop) lookAtWrite(c *loopConn) {
	config := &l.driver.config
	switch {
	case unread(c) < c.unread:
		l.extend(c)
	case l.now >= c.writeBy:
		l.closeConn(c, ErrWriteTimeout)
	default:
		l.timers.set(c, min(c.writeBy, l.now+config.writeLook()))
	}
}

// unread is how many bytes the peer's TCP has not acknowledged, sent or not.
func unread(c *loopConn) int32 {
	n, _ := unix.IoctlGetUint32(int(c.fd), unix.SIOCOUTQ) // cannot fail on a connection
	return int32(n)
}

// finish does what comes after writing.
func (l *loop) finish(c *loopConn, then Action) {
	switch then {
	case Close:
		l.closeConn(c, nil)
		return
	case Detach:
		l.detach(c)
		return
	case Reset:
		unix.SetsockoptLinger(int(c.fd), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		l.closeConn(c, nil)
		return
	case ShutDown:
		unix.Shutdown(int(c.fd), unix.SHUT_WR) // when it fails, so will the next read
	}
	if paused := then == Pause; paused != c.paused {
		c.paused = paused
		l.watchInput(c)
	}
	if then == Again {
		c.again = true
		l.again = append(l.again, c)
		return
	}
	wake := c.handler.Waiting(l.now)
	if c.poked {
		c.poked = false
		wake = l.now // which this turn still sees to
	}
	l.timers.set(c, wake)
}

// forget takes a connection out of the loop, and returns what it has kept.
func (l *loop) forget(c *loopConn) (kept []byte) {
	headroom := l.driver.config.Headroom
	if c.kept > 0 {
		kept = append(kept, (*c.held)[headroom:headroom+int(c.kept)]...)
	}
	l.hold(c, nil, nil)
	l.timers.remove(c)
	l.conns[c.fd] = nil
	return kept
}

// closeConn closes a connection.
func (l *loop) closeConn(c *loopConn, cause error) {
	l.forget(c)
	unix.Close(int(c.fd)) // epoll forgets it with that
	c.handler.Closed(l.now, cause)
}

// detach makes a net.Conn of a connection and hands it over.
func (l *loop) detach(c *loopConn) {
	kept := l.forget(c)
	l.watch(unix.EPOLL_CTL_DEL, int(c.fd), 0, 0)
	file := os.NewFile(uintptr(c.fd), "tcp")
	nc, err := net.FileConn(file) // a descriptor of its own
	file.Close()
	if err != nil {
		c.handler.Closed(l.now, err)
		return
	}
	l.driver.detached.Go(func() { c.handler.Detached(nc, kept) })
}
