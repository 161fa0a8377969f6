package load

import (
	"fmt"
	"time"
)

// settle is how long a server may take to release the memory of a handshake and an echo.
const settle = time.Second

// shortestRest is how long rest is measured at least. A server does little in a second, and not the
// same in each.
const shortestRest = 3 * time.Second

// idleBase returns the number of connections at which the memory is measured first: enough to
// exclude what a server allocates once.
func idleBase(n int) int { return min(5000, n/2) }

// idle opens the load's connections, and measures the memory that those after the first idleBase
// take.
func (l *Load) idle(t Target) (Result, error) {
	base, n := idleBase(l.Connections), l.Connections
	idle, err := l.newIdleConns(t)
	if err != nil {
		return Result{}, err
	}
	defer idle.reset()
	first, err := idle.memory(base)
	if err != nil {
		return Result{}, err
	}
	last, err := idle.memory(n)
	if err != nil {
		return Result{}, err
	}
	return Result{BytesPerConnection: float64(last-first) / float64(n-base)}, nil
}

// rest opens the load's connections, and measures the CPU time that they take while nothing
// happens. It then checks a sample of them.
func (l *Load) rest(t Target, w Window) (Result, error) {
	idle, err := l.newIdleConns(t)
	if err != nil {
		return Result{}, err
	}
	defer idle.reset()
	if err := idle.grow(l.Connections); err != nil {
		return Result{}, err
	}
	time.Sleep(settle)
	began := time.Now()
	before, err := t.CPU()
	if err != nil {
		return Result{}, err
	}
	seconds := wholeSeconds(max(w.Measured, shortestRest))
	time.Sleep(seconds)
	after, err := t.CPU()
	if err != nil {
		return Result{}, err
	}
	r := Result{Messages: int(seconds / time.Second), Elapsed: time.Since(began), ServerCPU: after - before}
	const sample = 100 // one of so many
	for i := 0; i < len(idle.conns); i += sample {
		if err := echoOnce(idle.conns[i], t, idle.ring); err != nil {
			return r, fmt.Errorf("connection %d after the rest: %w", i+1, err)
		}
	}
	return r, nil
}

// wholeSeconds rounds up.
func wholeSeconds(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}

// idleConns are open connections, each of which has echoed one message.
type idleConns struct {
	target Target
	ring   *ring
	conns  []*conn
}

func (l *Load) newIdleConns(t Target) (*idleConns, error) {
	r, err := newRing(l)
	return &idleConns{target: t, ring: r}, err
}

// grow opens connections one after another until there are n.
func (i *idleConns) grow(n int) error {
	for len(i.conns) < n {
		c, err := dial(i.target, false)
		if err != nil {
			return fmt.Errorf("connection %d: %w", len(i.conns)+1, err)
		}
		i.conns = append(i.conns, c)
		if err := echoOnce(c, i.target, i.ring); err != nil {
			return fmt.Errorf("connection %d: %w", len(i.conns), err)
		}
	}
	return nil
}

// memory returns the server's memory with n connections.
func (i *idleConns) memory(n int) (resident int, err error) {
	if err := i.grow(n); err != nil {
		return 0, err
	}
	time.Sleep(settle)
	return i.target.RSS()
}

func (i *idleConns) reset() {
	for _, c := range i.conns {
		c.reset()
	}
}

// echoOnce exchanges the ring's first message on a connection that blocks.
func echoOnce(c *conn, t Target, r *ring) error {
	expected := newReplies(t, r, nil)
	_, err := c.write(r.stream[:r.lengths[0]])
	p := make([]byte, maxHead)
	for ended := 0; ended == 0 && err == nil; {
		var n int
		if n, _, err = c.read(p); err == nil {
			ended, err = expected.take(p[:n])
		}
	}
	return err
}
