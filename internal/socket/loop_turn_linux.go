package socket

import (
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/echosvc/echosvc/internal/budget"
)

const (
	// queueTime is how long the queue is served in one turn. The last connection may
	// exceed it.
	queueTime = 250 * time.Microsecond
	// maxTurn is how long a loop waits in one turn at most, so that its beat shows that
	// it is alive.
	maxTurn = time.Second
)

// loop serves connections on one goroutine. Only post may be called from another one.
type loop struct {
	driver  *Loop
	log     *slog.Logger
	epoll   int
	wakeup  int         // an eventfd, readable when something has been posted
	now     Instant     // when the events of this turn were fetched
	mem     []byte      // the read buffer
	conns   []*loopConn // by file descriptor
	next    uint32      // generation of the next connection
	timers  wakeHeap
	queue   []*loopConn // busy or yielding, to be served in this turn or a later one
	greeted handshakes[*loopConn]
	level   budget.Level
	// shedding has the connections that are to be shed once everything has been sent, and
	// when they are closed if that takes too long.
	shedding map[*loopConn]Instant
	events   [256]unix.EpollEvent
	scratch  [256]byte

	acceptor acceptor

	lastBeat atomic.Int64 // an Instant; never before the first turn and after the last

	mu     sync.Mutex
	posted []func()
	ended  bool // nothing more can be posted
}

func newLoop(d *Loop) (*loop, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	wakeup, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		unix.Close(epoll)
		return nil, err
	}
	l := &loop{driver: d, log: d.config.Log, epoll: epoll, wakeup: wakeup, shedding: map[*loopConn]Instant{}, acceptor: acceptor{fd: -1, backoff: acceptBackoff{log: d.config.Log}}}
	if err := l.epollCtl(unix.EPOLL_CTL_ADD, wakeup, unix.EPOLLIN, 0); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// close closes the loop's own descriptors.
func (l *loop) close() {
	l.acceptor.close()
	unix.Close(l.wakeup)
	unix.Close(l.epoll)
}

// epollCtl is epoll_ctl(2). The generation comes back with each event.
func (l *loop) epollCtl(operation, fd int, events, generation uint32) error {
	return unix.EpollCtl(l.epoll, operation, fd, &unix.EpollEvent{Events: events, Fd: int32(fd), Pad: int32(generation)})
}

// post has the loop call f. It may be called from any goroutine. It reports whether f
// will be called: not if the loop has ended.
func (l *loop) post(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return false
	}
	l.posted = append(l.posted, f)
	one := [8]byte{1}            // in either byte order, a number other than 0
	unix.Write(l.wakeup, one[:]) // fails only if the loop has been woken already
	return true
}

// runPosted calls what was posted.
func (l *loop) runPosted() {
	var count [8]byte
	unix.Read(l.wakeup, count[:])
	l.mu.Lock()
	posted := l.posted
	l.posted = nil
	l.mu.Unlock()
	for _, f := range posted {
		f()
	}
}

// run turns the loop until the driver is aborted. Input comes before timers, since a
// process that was stopped for a while finds both. The loop waits only when nothing is
// ready, in a call that Go's scheduler knows of.
//
// Connections that take long are queued, and the queue is served for a short time between
// two looks at the events. So the others wait for about one of them, however many they are.
func (l *loop) run() {
	l.mem = make([]byte, l.driver.config.Headroom+loopBuffer)
	for !l.driver.aborted.Load() {
		n, err := pollNow(l.epoll, l.events[:])
		if n == 0 && err == nil && len(l.queue) == 0 {
			n, err = unix.EpollWait(l.epoll, l.events[:], l.timeout())
		}
		l.now = l.beat()
		l.level = l.driver.config.Account.Pressure()
		switch {
		case err == unix.EINTR: // the process was stopped, so that there may be input now
			continue
		case err != nil:
			l.log.Error("epoll_wait", "error", err)
		}
		for i := range max(n, 0) {
			l.dispatch(&l.events[i])
			if i%16 == 15 {
				l.beat()
			}
		}
		l.serveQueue()
		l.expire()
	}
	l.end()
}

// beat shows that the loop is at work, and returns the time. A long turn has several
// beats, since it is no stall.
func (l *loop) beat() Instant {
	now := l.driver.config.Now()
	l.lastBeat.Store(int64(now))
	return now
}

// end calls what was posted last, and closes the connections that came with it.
func (l *loop) end() {
	l.mu.Lock()
	l.ended = true
	l.mu.Unlock()
	l.runPosted()
	l.closeAll()
	l.lastBeat.Store(0)
}

// dispatch handles one event. An event may be from before its descriptor was closed and
// used again. Its generation shows that.
func (l *loop) dispatch(event *unix.EpollEvent) {
	fd := int(event.Fd)
	switch fd {
	case l.wakeup:
		l.runPosted()
		return
	case l.acceptor.fd:
		l.accept()
		return
	}
	c := l.conns[fd]
	switch {
	case c == nil || int32(c.generation) != event.Pad:
	case c.input == paused && c.pending == 0:
		if event.Events&unix.EPOLLERR != 0 {
			l.closeConn(c, os.NewSyscallError("epoll_wait", unix.ECONNRESET))
		}
	case c.busy:
		l.enqueue(c)
	default:
		l.serve(c)
	}
}

// timeout returns how long the next turn may wait, in milliseconds.
func (l *loop) timeout() int {
	wait := maxTurn
	if first := Earliest(l.timers.first(), l.acceptor.resume); first != 0 {
		wait = min(wait, first.Sub(l.driver.config.Now()))
	}
	return int((max(wait, 0) + time.Millisecond - 1) / time.Millisecond)
}

// enqueue puts a connection at the end of the queue, unless it is there already.
func (l *loop) enqueue(c *loopConn) {
	if !c.queued {
		c.queued = true
		l.queue = append(l.queue, c)
	}
}

// serveQueue serves the first connections of the queue, each once.
func (l *loop) serveQueue() {
	if len(l.queue) == 0 {
		return
	}
	began := l.driver.config.Now()
	n, served := len(l.queue), 0
	for served < n && l.beat().Sub(began) <= queueTime {
		c := l.queue[served]
		served++
		c.queued = false
		if l.conns[c.fd] == c {
			l.serve(c)
		}
	}
	rest := copy(l.queue, l.queue[served:])
	clear(l.queue[rest:])
	l.queue = l.queue[:rest]
}

// serve goes on with what a connection is at: sending, answering what it kept, or reading.
func (l *loop) serve(c *loopConn) {
	switch {
	case c.pending > 0:
		l.flush(c)
	case c.input == yielding:
		mem, end := l.readBuffer(c)
		l.receive(c, mem, end)
	case c.input == reading:
		l.read(c)
	}
}

// expire does what is due.
func (l *loop) expire() {
	if l.acceptor.resume.Reached(l.now) {
		l.resumeAccepting()
	}
	for range len(l.timers) { // each connection once, even if it is due again at once
		if !l.timers.first().Reached(l.now) {
			return
		}
		if c := l.timers.pop(); c.pending > 0 {
			l.lookAtWrite(c)
		} else {
			l.wakeIfDue(c)
		}
	}
}

// wakeIfDue wakes a connection, unless the heap had an earlier instant than needed. It
// reads first: a turn can be long, and can have more events than it fetches.
func (l *loop) wakeIfDue(c *loopConn) {
	if at := c.handler.NextWake(); !c.wakeAsked && !at.Reached(l.now) {
		l.timers.set(c, at)
		return
	}
	if c.input == reading {
		l.read(c)
	}
	if l.conns[c.fd] == c && c.pending == 0 { // otherwise it is due when everything has been sent
		l.wake(c)
	}
}

// wakeAll wakes all connections. Those that are sending are woken after that.
func (l *loop) wakeAll() {
	for _, c := range l.conns {
		switch {
		case c == nil:
		case c.pending > 0:
			c.wakeAsked = true
		default:
			l.wake(c)
		}
	}
}

// closeAll closes all connections.
func (l *loop) closeAll() {
	for _, c := range l.conns {
		if c != nil {
			l.closeConn(c, net.ErrClosed)
		}
	}
}
