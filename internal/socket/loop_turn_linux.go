package socket

import (
	"container/list"
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
	// directTime is how long connections that are not busy are served in one turn, which is enough for a
	// small message of each event. After that, those with much input are queued, too.
	directTime = 2 * time.Millisecond
	// expireTime is how long connections are woken in one turn. A few may exceed it.
	expireTime = 250 * time.Microsecond
)

// loop serves connections on one goroutine. Only post may be called from another one.
type loop struct {
	driver  *Loop
	number  int // of the loop, from 0
	log     *slog.Logger
	epoll   int
	wakeup  int         // an eventfd, readable when something has been posted
	woken   bool        // it was readable in this turn
	now     Instant     // when the events of this turn were fetched
	long    bool        // this turn has lasted for directTime
	mem     []byte      // the read buffer
	secured []*tlsConn  // by file descriptor; nil without TLS
	records []byte      // the buffer that ciphertext is read into
	out     []byte      // collects ciphertext to be sent
	working int         // TLS handshakes that goroutines work on
	steps   tlsSteps    // of TLS handshakes
	conns   []*loopConn // by file descriptor
	next    uint32      // generation of the next connection
	timers  wakeHeap
	queue   []*loopConn // busy or yielding, to be served in this turn or a later one
	greeted handshakes[*loopConn]
	// greeting has the element of each connection in greeted.
	greeting map[*loopConn]*list.Element
	// sending has, for connections with bytes pending, how many bytes before these in held have
	// been sent already. They follow what is kept. It has no entry for 0.
	sending map[*loopConn]int32
	// taking has what was last seen of peers that have something to take: bytes are pending,
	// or were with the kernel when it was last measured.
	taking map[*loopConn]taking
	level  budget.Level
	// measured is the place in conns where Measure goes on with idle connections.
	measured int
	// shedding has the connections that are to be shed once everything has been sent, and
	// when they are closed if that takes too long.
	shedding map[*loopConn]Instant
	waiter   *waiter
	scratch  [256]byte

	acceptor acceptor

	// lastBeat is the last Instant at which the loop is known to have been at work, or was
	// asked to be. It is 0 while the loop waits, before its first turn, and after its last.
	lastBeat atomic.Int64
	meter    turnMeter
	lastTurn time.Duration // how long the last turn took

	mu     sync.Mutex
	posted []func()
	ended  bool // nothing more can be posted
}

func newLoop(d *Loop, number int) (*loop, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	wakeup, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		unix.Close(epoll)
		return nil, err
	}
	waiter, err := newWaiter(epoll, d.config.Now)
	if err != nil {
		unix.Close(epoll)
		unix.Close(wakeup)
		return nil, err
	}
	l := &loop{driver: d, number: number, log: d.config.Log, waiter: waiter, epoll: epoll, wakeup: wakeup, shedding: map[*loopConn]Instant{}, greeting: map[*loopConn]*list.Element{}, sending: map[*loopConn]int32{}, taking: map[*loopConn]taking{}, acceptor: acceptor{fd: -1, backoff: acceptBackoff{log: d.config.Log}}}
	if err := l.epollCtl(unix.EPOLL_CTL_ADD, wakeup, unix.EPOLLIN, 0); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// close closes the loop's own descriptors.
func (l *loop) close() {
	l.acceptor.close()
	l.waiter.close()
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
	signalNow(l.wakeup)
	return true
}

// runPosted calls what was posted.
func (l *loop) runPosted() {
	resetNow(l.wakeup)
	l.mu.Lock()
	posted := l.posted
	l.posted = nil
	l.mu.Unlock()
	for _, f := range posted {
		f()
	}
}

// run turns the loop until the driver is aborted.
//
// Connections that take long are queued, and the queue is served for a short time in each turn.
// So the others wait for about one of them, however many there are.
//
// Input comes before timers, since a process that was stopped for a while finds both. So a
// turn that may have waited leaves the timers to the next one, which fetches what has arrived
// by then.
func (l *loop) run() {
	l.mem = make([]byte, l.driver.config.Headroom+loopBuffer)
	if l.driver.config.TLS != nil {
		l.records = make([]byte, mostRecord+recordBuffer)
	}
	for !l.driver.aborted.Load() {
		began := l.now
		l.now = l.beat()
		l.meter.turned(began, l.now)
		l.lastTurn = l.now.Sub(began)
		waited := l.fetch()
		l.level = l.driver.config.Account.Pressure()
		l.long = false
		for i := range l.waiter.n {
			l.dispatch(&l.waiter.events[i])
			if i%16 == 15 {
				l.long = l.beat().Sub(l.now) >= directTime
			}
		}
		l.dispatchLate()
		l.serveQueue()
		if !waited {
			l.expire(l.waiter.n == len(l.waiter.events))
		}
	}
	l.end()
}

// beat shows that the loop is at work, and returns the time. A long turn has several beats, so
// that it does not count as a stall.
func (l *loop) beat() Instant {
	now := l.driver.config.Now()
	l.lastBeat.Store(int64(now))
	return now
}

// stalled reports whether the loop has been at work for stallTime without a beat. A loop that
// waits is woken, so that the next call learns whether it has answered.
func (l *loop) stalled(now Instant) bool {
	if l.lastBeat.CompareAndSwap(0, int64(now)) {
		if !l.post(func() {}) {
			l.lastBeat.Store(0)
		}
		return false
	}
	beat := Instant(l.lastBeat.Load())
	return beat != 0 && now.Sub(beat) > stallTime
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

// dispatch handles one event. An event may be older than the connection that has its descriptor
// now; the generation shows that.
func (l *loop) dispatch(event *unix.EpollEvent) {
	fd := int(event.Fd)
	switch fd {
	case l.wakeup:
		l.woken = true
		return
	case l.acceptor.fd:
		l.acceptor.ready = true
		return
	}
	c := l.conns[fd]
	switch {
	case c == nil || int32(c.generation) != event.Pad:
	case c.input == paused && c.pending == 0:
		if event.Events&unix.EPOLLERR != 0 {
			l.closeConn(c, os.NewSyscallError("epoll_wait", unix.ECONNRESET))
		}
	case l.long && unreadBytes(fd) > smallBuffer: // many may alternate between little and much
		c.busy = true
		fallthrough
	case c.busy:
		l.enqueue(c)
	default:
		l.serve(c)
	}
}

// dispatchLate handles the events that may bring new connections. A handshake may be dropped for
// one, so it comes after dispatch, which shows whose bytes have arrived.
func (l *loop) dispatchLate() {
	if l.woken {
		l.woken = false
		l.runPosted()
	}
	if l.acceptor.ready {
		l.acceptor.ready = false
		l.accept()
	}
}

// fetch fetches the events of a turn. It reports whether it may have waited for them. A loop that
// waits has no beat, since waiting is not a stall.
func (l *loop) fetch() (waited bool) {
	w := l.waiter
	first := Earliest(l.timers.first(), l.acceptor.resume)
	if len(l.queue) > 0 || first.Reached(l.now) {
		w.fetch(0)
	} else {
		waited = true
		l.lastBeat.Store(0)
		w.wait(l.now, first, l.working > 0)
		l.now = l.beat()
	}
	if w.err != nil && w.err != unix.EINTR { // EINTR: the process was stopped, or the scheduler wants the processor
		l.log.Error("epoll_wait", "error", w.err)
	}
	return waited
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
			l.leaveQueue(c)
			l.serve(c)
		}
	}
	rest := copy(l.queue, l.queue[served:])
	clear(l.queue[rest:])
	l.queue = l.queue[:rest]
}

// serve continues a connection: it sends, answers what was kept, or reads.
func (l *loop) serve(c *loopConn) {
	defer l.rescue(c)
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

// expire does what is due, or a part of it if that takes long. more is true if sockets may have
// input that no event of this turn has reported.
func (l *loop) expire(more bool) {
	if l.acceptor.resume.Reached(l.now) {
		l.resumeAccepting()
	}
	var began Instant
	for n := range len(l.timers) { // each connection once, even if it is due again at once
		switch {
		case !l.timers.first().Reached(l.now):
			return
		case n == 0:
			began = l.beat()
		case n%16 == 0 && l.beat().Sub(began) > expireTime: // many pings are due at an instant
			return
		}
		if c := l.timers.pop(); c.pending > 0 {
			l.lookAtWrite(c)
		} else {
			l.wakeIfDue(c, more)
		}
	}
}

// wakeIfDue wakes a connection, unless the heap had an earlier instant than needed. It first
// reads what may have arrived by that instant.
func (l *loop) wakeIfDue(c *loopConn, more bool) {
	defer l.rescue(c)
	if at := c.handler.NextWake(); !c.wakeAsked && !at.Reached(l.now) {
		l.timers.set(c, at)
		return
	}
	if c.input == reading && (more || c.queued) {
		l.read(c)
	}
	if l.conns[c.fd] == c && c.pending == 0 { // otherwise it is due when everything has been sent
		l.wake(c)
	}
}

// wakeAll wakes all connections.
func (l *loop) wakeAll() {
	for _, c := range l.conns {
		if c != nil {
			l.wakeSoon(c)
		}
	}
}

// wakeSoon wakes a connection, now or when everything has been sent.
func (l *loop) wakeSoon(c *loopConn) {
	defer l.rescue(c)
	if c.pending > 0 {
		c.wakeAsked = true
	} else {
		l.wake(c)
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
