package load

import (
	"fmt"
	"io"
	"time"

	"golang.org/x/sys/unix"
)

// readBuffer is the size of the one read buffer, in bytes.
const readBuffer = 256 << 10

// An echoConn is a connection that keeps its messages in flight.
type echoConn struct {
	fd      int
	replies replies
	next    int             // next message to queue
	at      int             // position in the ring's stream
	queued  int             // queued bytes not yet written
	sent    []time.Duration // send times of the messages in flight
	oldest  int             // index in sent of the message whose reply is next
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
	e := &echoLoop{ring: r, buffer: make([]byte, readBuffer)}
	defer e.reset()
	in := newInflater()
	for i := range l.Connections {
		c, err := l.open(t, r, in)
		if err != nil {
			return Result{}, err
		}
		e.conns = append(e.conns, c)
		if err := watch(poll, c.fd, i); err != nil {
			return Result{}, err
		}
	}
	return e.run(poll, newMeasurement(t, w, l.Connections*l.InFlight), l.InFlight)
}

func (l *Load) open(t Target, r *ring, in *inflater) (*echoConn, error) {
	fd, err := dial(t, l.Compressed)
	if err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, err
	}
	c := &echoConn{fd: fd, sent: make([]time.Duration, l.InFlight)}
	switch {
	case t.Bare:
		c.replies = &bareReplies{ring: r}
	case l.Compressed:
		c.replies = newFrameReplies(r, in)
	default:
		c.replies = newFrameReplies(r, nil)
	}
	return c, nil
}

// watch registers fd with epoll under the number i. Edge triggering suffices: a read that does not
// fill the buffer has drained the socket, and a server that closes is a failure anyway.
func watch(poll, fd, i int) error {
	const edges = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLET&(1<<32-1)
	return unix.EpollCtl(poll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: edges, Fd: int32(i)})
}

type echoLoop struct {
	ring     *ring
	conns    []*echoConn
	buffer   []byte
	measured *measurement
}

func (e *echoLoop) reset() {
	for _, c := range e.conns {
		reset(c.fd)
	}
}

// run runs until the measurement is complete.
func (e *echoLoop) run(poll int, m *measurement, inFlight int) (Result, error) {
	e.measured = m
	for _, c := range e.conns {
		for i := range c.sent {
			c.sent[i] = m.now()
		}
		if err := e.send(c, inFlight); err != nil {
			return Result{}, err
		}
	}
	events := make([]unix.EpollEvent, 256)
	for {
		n, err := wait(poll, events)
		if err != nil {
			return Result{}, err
		}
		for _, event := range events[:n] {
			c := e.conns[event.Fd]
			if event.Events&unix.EPOLLOUT != 0 && c.queued > 0 {
				if err := e.flush(c); err != nil {
					return Result{}, err
				}
			}
			if event.Events&^unix.EPOLLOUT != 0 {
				if err := e.receive(c); err != nil {
					return Result{}, err
				}
			}
		}
		if r, over, err := m.done(); over || err != nil {
			return r, err
		}
	}
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

// receive reads what has arrived, and sends a new message for each one echoed.
func (e *echoLoop) receive(c *echoConn) error {
	for {
		n, err := unix.Read(c.fd, e.buffer)
		switch {
		case err == unix.EAGAIN || err == unix.EINTR:
			return nil
		case err != nil:
			return fmt.Errorf("read: %w", err)
		case n == 0:
			return fmt.Errorf("read: %w", io.ErrUnexpectedEOF)
		}
		ended, err := c.replies.take(e.buffer[:n])
		if err != nil {
			return err
		}
		if ended > len(c.sent) {
			return fmt.Errorf("%w: more messages than were sent", ErrReply)
		}
		if ended > 0 {
			now := e.measured.now()
			for range ended {
				e.measured.count(now - c.sent[c.oldest])
				c.sent[c.oldest] = now
				c.oldest = (c.oldest + 1) % len(c.sent)
			}
			if err := e.send(c, ended); err != nil {
				return err
			}
		}
		if n < len(e.buffer) {
			return nil
		}
	}
}

// send queues the next messages and writes as much as the socket takes.
func (e *echoLoop) send(c *echoConn, messages int) error {
	for range messages {
		c.queued += e.ring.lengths[c.next]
		c.next = (c.next + 1) % len(e.ring.lengths)
	}
	return e.flush(c)
}

// flush writes what is queued. If the socket does not take all of it, EPOLLOUT follows.
func (e *echoLoop) flush(c *echoConn) error {
	for c.queued > 0 {
		n, err := unix.Write(c.fd, e.ring.stream[c.at:c.at+c.queued])
		if err == unix.EAGAIN {
			return nil
		}
		if err != nil {
			return fmt.Errorf("write: %w", err)
		}
		c.at = (c.at + n) % e.ring.size
		c.queued -= n
	}
	return nil
}
