package load

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/echosvc/echosvc/internal/wstest"
)

// PingInterval is the server's interval between pings under a load of kind [KeepAlive].
const PingInterval = time.Second

// keepAlive answers the server's pings on connections that are idle otherwise. The connections are
// opened over one interval, so that the pings are spread over it as well.
func (l *Load) keepAlive(t Target, w Window) (Result, error) {
	poll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return Result{}, err
	}
	defer unix.Close(poll)
	idle, err := l.newIdleConns(t)
	if err != nil {
		return Result{}, err
	}
	defer idle.reset()
	began := time.Now()
	for i := range l.Connections {
		time.Sleep(time.Until(began.Add(time.Duration(i) * PingInterval / time.Duration(l.Connections))))
		if err := idle.grow(i + 1); err != nil {
			return Result{}, err
		}
		if err := idle.conns[i].unblock(); err != nil {
			return Result{}, err
		}
		if err := watch(poll, idle.conns[i].fd, i); err != nil {
			return Result{}, err
		}
	}
	m := newMeasurement(t, Window{Warmup: max(w.Warmup, PingInterval), Measured: wholeSeconds(w.Measured)}, 0)
	m.fewest = l.Connections / 2
	pingers := make([]pinger, l.Connections)
	events := make([]unix.EpollEvent, 256)
	for {
		n, err := wait(poll, events)
		if err != nil {
			return Result{}, err
		}
		for _, event := range events[:n] {
			if event.Events&^unix.EPOLLOUT == 0 {
				continue
			}
			if err := pingers[event.Fd].receive(idle.conns[event.Fd], m); err != nil {
				return Result{}, err
			}
		}
		if r, over, err := m.done(); over || err != nil {
			r.P50, r.P99 = 0, 0
			return r, err
		}
	}
}

// A pinger holds what has arrived of the server's next ping.
type pinger struct{ unread []byte }

// receive answers the pings that have arrived with pongs.
func (p *pinger) receive(c *conn, m *measurement) error {
	for {
		var buffer [256]byte
		n, more, err := c.read(buffer[:])
		if err == unix.EAGAIN {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		p.unread = append(p.unread, buffer[:n]...)
		for {
			payload, rest, ok, err := parsePing(p.unread)
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			if _, err := c.write(wstest.Frame(0x80|opPong, string(payload))); err != nil {
				return fmt.Errorf("write: %w", err)
			}
			m.count(0)
			p.unread = append(p.unread[:0], rest...)
		}
		if !more {
			return nil
		}
	}
}

// parsePing parses a server's ping (RFC 6455 section 5.5.2). ok is false if it is incomplete.
func parsePing(p []byte) (payload, rest []byte, ok bool, err error) {
	if len(p) > 0 && p[0] != 0x80|opPing || len(p) > 1 && p[1] > 125 {
		return nil, nil, false, fmt.Errorf("%w: not a ping: %x", ErrReply, p)
	}
	if len(p) < 2 || len(p) < 2+int(p[1]) {
		return nil, p, false, nil
	}
	return p[2 : 2+p[1]], p[2+p[1]:], true, nil
}
