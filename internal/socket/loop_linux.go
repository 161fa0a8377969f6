package socket

import (
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// loopBuffer is the read buffer of a loop, in bytes. A megabyte that comes at once is
	// answered in a few reads; with half of this it takes a fifth more time.
	loopBuffer = 512 << 10
	// stallTime is how long a loop may go without a beat.
	stallTime = 10 * time.Second
	// againTime is how long those that receive again have in a turn, and a little more.
	againTime = 20 * time.Millisecond
	// maxTurn is how long a loop waits at the most: it is to be seen turning.
	maxTurn = time.Second
)

// Loop is a driver for Linux: a few loops, each with an epoll instance, one read buffer,
// and connections in a table of its own, over raw file descriptors. A connection has no
// goroutine, no timer and, while it waits for nothing, no buffer. Its methods may be
// called from anywhere but a Handler.
type Loop struct {
	config   Config
	pool     *Pool
	loops    []*loop
	running  sync.WaitGroup // loops
	detached sync.WaitGroup // connections that are being handed over
	cut      atomic.Bool
	deaf     atomic.Bool // the listener could not be taken over: nothing is accepted
}

// NewLoop returns a driver of n loops that serves nothing yet. The error is the
// system's.
func NewLoop(config Config, n int) (*Loop, error) {
	// What is kept and what could not be written are, together, at most all of what a read
	// went into, its headroom included, and where an answer is longer than its question, as
	// much as a Step may write. In front of it is headroom again.
	whole := 2*config.Headroom + loopBuffer
	d := &Loop{config: config, pool: NewPool(smallBuffer, mediumBuffer, config.Buffer, whole, whole+config.Buffer)}
	for range n {
		l, err := newLoop(d)
		if err != nil {
			d.close()
			return nil, err
		}
		d.loops = append(d.loops, l)
	}
	return d, nil
}

// close closes the descriptors of all loops, which must not run.
func (d *Loop) close() {
	for _, l := range d.loops {
		l.close()
	}
}

// Name is the driver's name in logs.
func (d *Loop) Name() string { return "loop" }

// Lent is how many bytes of buffers are in use, but for the loops' own.
func (d *Loop) Lent() int64 { return d.pool.Lent() }

// Stalled says whether a loop has been at one thing for 10 s, because something in it blocks
// and all of its connections wait, or whether none accepts connections.
func (d *Loop) Stalled() bool {
	if d.deaf.Load() {
		return true
	}
	for _, l := range d.loops {
		if turned := time.Duration(l.turned.Load()); turned != 0 && d.config.Now()-turned > stallTime {
			return true
		}
	}
	return false
}

// Serve accepts and serves connections until Cut. ln must be a TCP listener; it may be
// closed any time.
func (d *Loop) Serve(ln net.Listener) {
	defer d.close()
	if err := d.loops[0].listen(ln.(*net.TCPListener)); err != nil {
		d.config.Log.Error("cannot accept connections", "error", err)
		d.deaf.Store(true)
	}
	for _, l := range d.loops {
		d.running.Go(l.run)
	}
	d.running.Wait()
}

// Each calls f with every handler, while no method of that handler runs. f must not block.
func (d *Loop) Each(f func(Handler)) {
	d.each(func(l *loop) {
		for _, c := range l.conns {
			if c != nil {
				f(c.handler)
			}
		}
	})
}

// Wake has [Handler.Wake] called soon on every connection that is there now. One
// whose peer does not read is woken when its write has gone.
func (d *Loop) Wake() { d.each((*loop).wakeAll) }

// Cut closes every connection, wherever it stands, those that will be accepted too.
func (d *Loop) Cut() {
	d.cut.Store(true)
	d.each((*loop).cutAll)
}

// Wait returns when every connection is closed or detached, after Cut.
func (d *Loop) Wait() {
	d.running.Wait()
	d.detached.Wait()
}

// each has f run by every loop, and waits for that.
func (d *Loop) each(f func(*loop)) {
	var done sync.WaitGroup
	var mu sync.Mutex // f may write to what its caller has
	for _, l := range d.loops {
		done.Add(1)
		posted := l.post(func() {
			defer done.Done()
			mu.Lock()
			defer mu.Unlock()
			f(l)
		})
		if !posted {
			done.Done()
		}
	}
	done.Wait()
}

// loop is one thread's worth of connections. But for post, everything is for the
// goroutine of run alone.
type loop struct {
	driver  *Loop
	log     *slog.Logger
	epoll   int
	wakeup  int           // an eventfd: something was posted
	now     time.Duration // the clock of this turn's events
	mem     []byte        // the read buffer
	conns   []*loopConn   // by file descriptor
	next    uint32        // generation of the next connection
	timers  wakeHeap
	again   []*loopConn // those that are to receive once more in this turn or the next
	events  [256]unix.EpollEvent
	scratch [256]byte
	turned  atomic.Int64 // the clock of the last beat; 0 before the first and behind the last

	acceptor acceptor

	mu     sync.Mutex
	posted []func()
	ended  bool // nothing can be posted any more
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
	l := &loop{driver: d, log: d.config.Log, epoll: epoll, wakeup: wakeup, acceptor: acceptor{fd: -1, shortage: shortage{log: d.config.Log}}}
	if err := l.watch(unix.EPOLL_CTL_ADD, wakeup, unix.EPOLLIN, 0); err != nil {
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

// watch tells epoll what is to be known of a descriptor.
func (l *loop) watch(operation, fd int, events, generation uint32) error {
	return unix.EpollCtl(l.epoll, operation, fd, &unix.EpollEvent{Events: events, Fd: int32(fd), Pad: int32(generation)})
}

// post has f run by the loop. It may be called from any goroutine, and says no when the
// loop has ended.
func (l *loop) post(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return false
	}
	l.posted = append(l.posted, f)
	var one = [8]byte{1}         // in the machine's order: any number but 0 does
	unix.Write(l.wakeup, one[:]) // fails only when it is awake already
	return true
}

// runPosted runs what was posted.
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

// run turns the loop until the driver is cut. Bytes come before times: a process that was
// paused finds both at once. Only when nothing is ready does it wait, in a call that
// Go's scheduler knows of.
func (l *loop) run() {
	l.mem = make([]byte, l.driver.config.Headroom+loopBuffer)
	for !l.driver.cut.Load() {
		n, err := pollNow(l.epoll, l.events[:])
		if n == 0 && err == nil && len(l.again) == 0 {
			n, err = unix.EpollWait(l.epoll, l.events[:], l.timeout())
		}
		l.now = l.beat()
		switch {
		case err == unix.EINTR: // a pause of the process: there may be bytes all the same
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
		l.receiveAgain()
		l.expire()
	}
	l.end()
}

// beat says that the loop is at work, and returns the time: a long turn is no stall.
func (l *loop) beat() time.Duration {
	now := l.driver.config.Now()
	l.turned.Store(int64(now))
	return now
}

// end runs what was posted last; from then on nothing is.
func (l *loop) end() {
	l.mu.Lock()
	l.ended = true
	l.mu.Unlock()
	l.runPosted()
	l.cutAll()
	l.turned.Store(0)
}

// dispatch handles one event. One of a connection that has ended since is for nobody:
// its generation tells it from the next with the same descriptor.
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
	case c.pending > 0:
		l.flush(c)
	case c.again: // what it has kept comes first
	case c.paused: // and hears of nothing else: not of an event from before, nor of the end
		if event.Events&unix.EPOLLERR != 0 {
			l.closeConn(c, os.NewSyscallError("epoll_wait", unix.ECONNRESET))
		}
	default:
		l.read(c)
	}
}

// timeout is how long the next turn may wait, in milliseconds, for epoll_wait.
func (l *loop) timeout() int {
	now := l.driver.config.Now()
	wait := maxTurn
	if first := l.timers.first(); first != 0 {
		wait = min(wait, first-now)
	}
	if l.acceptor.resume != 0 {
		wait = min(wait, l.acceptor.resume-now)
	}
	return int((max(wait, 0) + time.Millisecond - 1) / time.Millisecond)
}

// expire does what the time asks for.
func (l *loop) expire() {
	if l.acceptor.resume != 0 && l.now >= l.acceptor.resume {
		l.resumeAccepting()
	}
	for range len(l.timers) { // each once, whatever it asks for next
		first := l.timers.first()
		if first == 0 || first > l.now {
			return
		}
		c := l.timers.pop()
		if c.pending == 0 {
			l.wakeBehindBytes(c)
			continue
		}
		c.poked = true // it may have been a time of its own
		if l.driver.config.WriteTimeout > 0 {
			l.lookAtWrite(c)
		}
	}
}

// wakeBehindBytes wakes a connection whose time has come. First it takes a last look: a turn
// may have been long, and have had more events than it fetched.
func (l *loop) wakeBehindBytes(c *loopConn) {
	if !c.again && !c.paused {
		l.read(c)
	}
	switch {
	case l.conns[c.fd] != c:
	case c.pending > 0:
		c.poked = true
	default:
		l.wake(c)
	}
}

// wakeAll wakes every connection; one that is writing, when that has gone.
func (l *loop) wakeAll() {
	for _, c := range l.conns {
		switch {
		case c == nil:
		case c.pending > 0:
			c.poked = true
		default:
			l.wake(c)
		}
	}
}

// cutAll closes every connection.
func (l *loop) cutAll() {
	for _, c := range l.conns {
		if c != nil {
			l.closeConn(c, net.ErrClosed)
		}
	}
}
