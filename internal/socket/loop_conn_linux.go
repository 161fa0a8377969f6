package socket

import (
	"errors"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/echosvc/echosvc/internal/budget"
)

const (
	// busyLoopRead is the smallest read that makes its connection busy, in bytes. A smaller one
	// takes little time, or makes the connection yield.
	busyLoopRead = 32 << 10
	// maxYields is how often the size of a read is halved at most: down to 16 KiB.
	maxYields = 5
)

// loopConn is a connection of a loop. Idle connections are many, so its fields are small, and
// what few connections need is in tables of the loop: greeted, sending, taking and shedding.
// It takes 80 bytes, which TestLoopConnSize holds.
type loopConn struct {
	handler     Handler
	held        *[]byte // headroom, then what is kept, then what could not be sent; nil if neither
	wakeAt      Instant // in the loop's heap; never if it is not in there
	completed   Instant // when it last completed a frame or took a whole answer; at first when it was accepted
	fd          int32
	generation  uint32
	place       int32 // in the loop's heap
	kept        int32 // bytes in held
	pending     int32 // bytes in held that are to be sent, after those that were
	kernel      int32 // bytes in the socket's buffers, as they are on the account
	trust       trust
	input       inputState
	then        Action // of the Step whose bytes are pending
	watched     watched
	established bool
	queued      bool  // in the loop's queue
	busy        bool  // served from the queue, see noteWork
	yields      uint8 // how often the size of a read has been halved, see noteWork
	wakeAsked   bool  // Loop.Wake was called while bytes were pending
	shed        int8  // notShed, shedAsked, shedCalled or shedDone; the loop's shedding has the time
	active      bool  // it has sent something since the last Loop.Measure
	frozen      bool  // the kernel holds little for it
}

// watched is what epoll reports of a connection.
type watched uint8

const (
	watchInput watched = iota
	watchOutput
	watchReset // a reset or a hang-up only
	watchBoth  // input and room for output
)

// watchedEvents are the events of epoll. A reset and a hang-up are reported whatever is asked
// for. Edge-triggered, a hang-up is reported once, and not in every turn.
var watchedEvents = [...]uint32{watchInput: unix.EPOLLIN, watchOutput: unix.EPOLLOUT, watchReset: unix.EPOLLET, watchBoth: unix.EPOLLIN | unix.EPOLLOUT}

// add begins to serve a connection.
func (l *loop) add(fd int, remote string) {
	if l.greeted.full() {
		l.dropHandshake()
	}
	generation := l.next
	l.next++
	if err := l.epollCtl(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN, generation); err != nil {
		l.log.Error("epoll_ctl", "error", err)
		l.driver.sockets.Add(-1)
		closeNow(fd)
		return
	}
	c := &loopConn{handler: l.driver.config.Open(remote, l.number), fd: int32(fd), generation: generation, busy: true, completed: l.now}
	for len(l.conns) <= fd {
		l.conns = append(l.conns, nil)
	}
	l.conns[fd] = c
	l.greeting[c] = l.greeted.add(c, l.now)
	l.driver.unfinished.Add(1)
	l.freeze(c)
	l.driver.config.Account.Add(budget.Connections, l.driver.config.ConnCost)
	l.open(c)
}

// open calls Opened, and carries out its Step or begins the TLS handshake.
func (l *loop) open(c *loopConn) {
	defer l.rescue(c)
	if l.driver.config.TLS != nil {
		l.openTLS(c)
		return
	}
	l.take(c, byOpened, c.handler.Opened(l.now), 0, nil)
}

// read reads once, and gives the connection what it kept and what has arrived.
func (l *loop) read(c *loopConn) {
	if l.secured != nil {
		l.readTLS(c)
		return
	}
	mem, end := l.readBuffer(c)
	most := min(l.readSize(c), loopBuffer>>c.yields)
	n, err := receiveNow(int(c.fd), mem[end:min(len(mem), end+most)])
	switch {
	case err == unix.EAGAIN, err == unix.EINTR:
	case err != nil:
		l.closeConn(c, os.NewSyscallError("read", err))
	case n == 0:
		l.take(c, byEndOfInput, c.handler.EndOfInput(l.now), 0, nil)
	default:
		c.busy = n >= busyLoopRead
		if !c.established {
			l.greeting[c] = l.greeted.begin(l.greeting[c], l.now)
		}
		l.receive(c, mem, end+n)
	}
}

// readBuffer returns the buffer for the next read of a connection, which goes to mem[end:].
// What is kept precedes it: if it is little, it is copied into the loop's buffer;
// if it is much, the read goes to where it is.
func (l *loop) readBuffer(c *loopConn) (mem []byte, end int) {
	kept := l.keptBytes(c)
	end = l.driver.config.Headroom + len(kept)
	if len(kept) > mediumBuffer {
		return *c.held, end
	}
	copy(l.mem[l.driver.config.Headroom:], kept)
	return l.mem, end
}

// keptBytes returns what a connection keeps.
func (l *loop) keptBytes(c *loopConn) []byte {
	if c.kept == 0 {
		return nil
	}
	headroom := l.driver.config.Headroom
	return (*c.held)[headroom : headroom+int(c.kept)]
}

// receive gives a connection what is in its read buffer.
func (l *loop) receive(c *loopConn, mem []byte, end int) {
	headroom := l.driver.config.Headroom
	step, kept := c.handler.Receive(l.now, mem, headroom, end)
	c.noteWork(step.Then)
	l.take(c, byReceive, step, end-headroom, mem[end-kept:end])
}

// noteWork notes how much work a Receive was. A connection that has yielded is busy, and
// reads half as much next time: what it keeps would be copied and held for many turns. With
// each Receive that does not yield, the size of its reads doubles again.
func (c *loopConn) noteWork(then Action) {
	switch {
	case then == Yield:
		c.busy = true
		c.yields = min(c.yields+1, maxYields)
	case c.yields > 0:
		c.yields--
	}
}

// wake wakes a connection. What it keeps stays.
func (l *loop) wake(c *loopConn) {
	c.wakeAsked = false
	step := c.handler.Wake(l.now, l.scratch[:0])
	l.take(c, byWake, step, 0, l.keptBytes(c))
}

// take carries out a Step. given is how many bytes the handler was given, and kept is what the
// connection keeps of them.
func (l *loop) take(c *loopConn, by caller, step Step, given int, kept []byte) {
	l.driver.config.check(by, step, given, len(kept))
	if l.inHandshake(c) {
		l.takeInHandshake(c, step)
		return
	}
	c.input = c.input.after(by, step.Then)
	if !c.established && c.handler.Established() {
		l.endHandshake(c)
	}
	c.then = step.Then
	rest, err := l.sendStep(c, step)
	if err != nil {
		l.closeConn(c, err)
		return
	}
	if (c.held == nil || given > len(kept)) && !hoards(int64(c.kernel), c.trust) {
		c.completed = l.now
	}
	l.hold(c, kept, rest)
	if len(rest) > 0 {
		l.measure(c)
		l.watch(c)
		l.extend(c)
		return
	}
	l.finish(c)
}

// finish ends a Step whose bytes have been sent.
func (l *loop) finish(c *loopConn) {
	if !l.sentUnasked(c) {
		c.handler.Flushed(l.now)
	}
	if l.goOnShedding(c) {
		return
	}
	switch c.then {
	case Close:
		l.closeConn(c, nil)
		return
	case Reset:
		resetOnClose(int(c.fd))
		l.closeConn(c, nil)
		return
	case Hijack:
		l.hijack(c)
		return
	case ShutDown:
		if !c.established {
			l.greeting[c] = l.greeted.answer(l.greeting[c], l.now)
		}
		if l.driver.limited() { // a peer that goes on sending would have it grow
			limitReceive(int(c.fd), lingerReceive)
		}
		shutDownNow(int(c.fd)) // if it fails, so does the next read
	}
	l.watch(c)
	if c.input == yielding || c.input == reading && l.hasMore(c) {
		l.enqueue(c)
	}
	if c.wakeAsked {
		l.timers.set(c, l.now) // so that expire wakes it in this turn
	} else {
		l.timers.set(c, c.handler.NextWake())
	}
}

// watch has epoll report what the connection waits for.
func (l *loop) watch(c *loopConn) {
	w := watchInput
	switch {
	case c.pending > 0:
		w = watchOutput
	case c.input == paused:
		w = watchReset
	}
	l.setWatched(c, w)
}

// setWatched has epoll report w.
func (l *loop) setWatched(c *loopConn, w watched) {
	if w != c.watched {
		c.watched = w
		l.epollCtl(unix.EPOLL_CTL_MOD, int(c.fd), watchedEvents[w], c.generation)
	}
}

// endHandshake takes a connection off the handshakes, if it is one of them. The handler's time
// limit is then gone, so the connection is taken off the timers.
func (l *loop) endHandshake(c *loopConn) {
	if !c.established {
		c.established = true
		l.timers.remove(c)
		l.greeted.remove(l.greeting[c])
		delete(l.greeting, c)
		l.driver.unfinished.Add(-1)
	}
}

// dropHandshake closes a connection that is not established. It reports whether there was one that
// may be dropped now. One in the queue waits for the loop, unless it was answered.
func (l *loop) dropHandshake() bool {
	c, ok := l.greeted.first(l.now)
	for ; ok && c.queued && l.greeted.answered.Len() == 0; c, ok = l.greeted.first(l.now) {
		l.greeting[c] = l.greeted.work(l.greeting[c], l.now) // until leaveQueue
	}
	if ok {
		l.closeConn(c, ErrHandshakes)
	}
	return ok
}

// leaveQueue notes that a handshake does not wait for the loop any more.
func (l *loop) leaveQueue(c *loopConn) {
	if l.greeted.working.Len() == 0 || c.established || l.inHandshake(c) && l.secured[c.fd].handshake.working {
		return
	}
	l.greeting[c] = l.greeted.rest(l.greeting[c], l.now)
}

// forget removes a connection from the loop.
func (l *loop) forget(c *loopConn) {
	l.hold(c, nil, nil)
	l.forgetTLS(c)
	l.timers.remove(c)
	l.endHandshake(c)
	l.setKernel(c, 0)
	delete(l.shedding, c)
	delete(l.sending, c)
	delete(l.taking, c)
	l.driver.sockets.Add(-1)
	l.conns[c.fd] = nil
	l.driver.config.Account.Add(budget.Connections, -l.driver.config.ConnCost)
}

// closeConn closes a connection.
func (l *loop) closeConn(c *loopConn, cause error) {
	if l.inHandshake(c) {
		l.driver.config.tlsFailed(cause)
	}
	switch {
	case errors.Is(cause, unix.ECONNRESET): // the system holds nothing for it any more
	case abandons(cause), !leave(int(c.fd), l.driver.config.Account, l.driver.config.LeaveTimeout):
		resetOnClose(int(c.fd))
	}
	l.forget(c)
	closeNow(int(c.fd)) // which also removes it from epoll
	l.closed(c, cause)
}

// closed calls Closed.
func (l *loop) closed(c *loopConn, cause error) {
	defer l.driver.config.rescue()
	c.handler.Closed(l.now, cause)
}

// rescue closes a connection if its handler, or a check of the handler's Step, has panicked. It is
// deferred by whatever calls the handler.
func (l *loop) rescue(c *loopConn) {
	fault := recover()
	if fault == nil {
		return
	}
	l.driver.config.logFault(fault)
	l.takeOut() // what crypto/tls may have written for it
	if l.conns[c.fd] == c {
		l.closeConn(c, ErrFault)
	}
}

// hijack gives a connection to its handler, as a net.Conn.
func (l *loop) hijack(c *loopConn) {
	kept := append([]byte(nil), l.keptBytes(c)...)
	over := l.hijackTLS(c)
	l.forget(c)
	l.epollCtl(unix.EPOLL_CTL_DEL, int(c.fd), 0, 0)
	file := os.NewFile(uintptr(c.fd), "tcp")
	nc, err := net.FileConn(file) // with a duplicate of the descriptor
	file.Close()
	if err != nil {
		l.closed(c, err)
		return
	}
	nc = over(nc)
	l.driver.hijacks.Go(func() { l.driver.config.handOver(c.handler, nc, kept) })
}
