package load

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// readBuffer is the size of the one read buffer, in bytes.
const readBuffer = 256 << 10

// An echoConn is a connection that sends messages and checks their echo.
type echoConn struct {
	*conn
	replies replies
	next    int             // next message to queue
	at      int             // position in the ring's stream
	queued  int             // queued bytes not yet written
	sent    []time.Duration // when the messages in flight were sent, or should have been; a ring
	oldest  int             // index in sent of the message whose reply is next
	flying  int             // number of messages in flight
}

// begin notes that a message is in flight since a time. It reports whether sent has room for it.
func (c *echoConn) begin(at time.Duration) bool {
	if c.flying == len(c.sent) {
		return false
	}
	c.sent[(c.oldest+c.flying)%len(c.sent)] = at
	c.flying++
	return true
}

// end returns when the oldest message in flight was sent, and removes it.
func (c *echoConn) end() time.Duration {
	at := c.sent[c.oldest]
	c.oldest = (c.oldest + 1) % len(c.sent)
	c.flying--
	return at
}

// echo measures messages on open connections.
func (l *Load) echo(t Target, w Window) (Result, error) {
	r, err := newRing(l)
	if err != nil {
		return Result{}, err
	}
	poll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return Result{}, err
	}
	defer unix.Close(poll)
	m := newMeasurement(t, w, l.Connections*l.InFlight)
	e := &echoLoop{poll: poll, ring: r, buffer: make([]byte, readBuffer), measured: m}
	defer e.reset()
	in := newInflater()
	for i := range l.Connections {
		c, err := l.open(t, r, in)
		if c != nil {
			e.conns = append(e.conns, c)
		}
		if err != nil {
			return Result{}, err
		}
		if err := watch(poll, c.fd, i); err != nil {
			return Result{}, err
		}
	}
	if l.Rate > 0 {
		return e.paced(l.Rate)
	}
	return e.run()
}

func (l *Load) open(t Target, r *ring, in *inflater) (*echoConn, error) {
	nc, err := dial(t, l.Compressed)
	if err != nil {
		return nil, err
	}
	if !l.Compressed {
		in = nil
	}
	inFlight := l.InFlight
	if l.Rate > 0 {
		inFlight = maxInFlight
	}
	c := &echoConn{conn: nc, replies: newReplies(t, r, in), sent: make([]time.Duration, inFlight)}
	return c, nc.unblock()
}

// watch registers fd with epoll under the number i. Edge triggering suffices: a read that does not
// fill the buffer has drained the socket, and a server that closes is a failure anyway.
func watch(poll, fd, i int) error {
	const edges = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLET&(1<<32-1)
	return unix.EpollCtl(poll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: edges, Fd: int32(i)})
}

type echoLoop struct {
	poll     int
	ring     *ring
	conns    []*echoConn
	buffer   []byte
	measured *measurement
	byClock  bool // messages are sent by the clock, not when one is echoed
}

func (e *echoLoop) reset() {
	for _, c := range e.conns {
		c.reset()
	}
}

// run keeps the messages in flight until the measurement is complete.
func (e *echoLoop) run() (Result, error) {
	for _, c := range e.conns {
		for c.begin(e.measured.now()) {
			e.queue(c)
		}
		if err := e.flush(c); err != nil {
			return Result{}, err
		}
	}
	events := make([]unix.EpollEvent, 256)
	for {
		n, err := wait(e.poll, events)
		if err != nil {
			return Result{}, err
		}
		for _, event := range events[:n] {
			if err := e.handle(event); err != nil {
				return Result{}, err
			}
		}
		if r, over, err := e.measured.done(); over || err != nil {
			return r, err
		}
	}
}

// handle writes to and reads from the connection of an event.
func (e *echoLoop) handle(event unix.EpollEvent) error {
	c := e.conns[event.Fd]
	if event.Events&unix.EPOLLOUT != 0 {
		if err := e.flush(c); err != nil {
			return err
		}
	}
	if event.Events&^unix.EPOLLOUT != 0 {
		return e.receive(c)
	}
	return nil
}

// wait waits for events. It fails if there are none within stallTimeout.
func wait(poll int, events []unix.EpollEvent) (n int, err error) {
	n, err = unix.EpollWait(poll, events, int(stallTimeout.Milliseconds()))
	switch {
	case err == unix.EINTR:
		return 0, nil
	case err == nil && n == 0:
		err = fmt.Errorf("the server did nothing for %v", stallTimeout)
	}
	return n, err
}

// receive reads what has arrived and, unless the clock decides, sends a new message for each one
// echoed.
func (e *echoLoop) receive(c *echoConn) error {
	for {
		n, more, err := c.read(e.buffer)
		if err == unix.EAGAIN {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		ended, err := c.replies.take(e.buffer[:n])
		if err != nil {
			return err
		}
		if ended > c.flying {
			return fmt.Errorf("%w: more messages than were sent", ErrReply)
		}
		if ended > 0 {
			now := e.measured.now()
			for range ended {
				e.measured.count(now - c.end())
				if !e.byClock {
					c.begin(now)
					e.queue(c)
				}
			}
			if err := e.flush(c); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
	}
}

// queue queues the next message.
func (e *echoLoop) queue(c *echoConn) {
	c.queued += e.ring.lengths[c.next]
	c.next = (c.next + 1) % len(e.ring.lengths)
}

// flush writes what is queued. If the socket does not take all of it, EPOLLOUT follows.
func (e *echoLoop) flush(c *echoConn) error {
	err := c.conn.flush()
	for c.queued > 0 && err == nil {
		var n int
		n, err = c.write(e.ring.stream[c.at : c.at+min(c.queued, e.ring.size)])
		c.at = (c.at + n) % e.ring.size
		c.queued -= n
	}
	if err != nil && err != unix.EAGAIN {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}
