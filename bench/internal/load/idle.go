package load

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// settle is how long a server may take to release the memory of a handshake and an echo.
const settle = time.Second

// idleBase returns the number of connections at which the memory is measured first: enough to
// exclude what a server allocates once.
func idleBase(n int) int { return min(5000, n/2) }

// idle opens the load's connections one after another, has each echo one message, and measures
// the memory that those after the first idleBase take.
func (l *Load) idle(t Target) (Result, error) {
	r, err := newRing(l)
	if err != nil {
		return Result{}, err
	}
	base, n := idleBase(l.Connections), l.Connections
	var fds []int
	defer func() {
		for _, fd := range fds {
			reset(fd)
		}
	}()
	grow := func(to int) (resident int, err error) {
		for len(fds) < to {
			fd, err := echoOnce(t, r)
			if err != nil {
				return 0, fmt.Errorf("connection %d: %w", len(fds)+1, err)
			}
			fds = append(fds, fd)
		}
		time.Sleep(settle)
		return t.RSS()
	}
	first, err := grow(base)
	if err != nil {
		return Result{}, err
	}
	last, err := grow(n)
	if err != nil {
		return Result{}, err
	}
	return Result{BytesPerConnection: float64(last-first) / float64(n-base)}, nil
}

// echoOnce opens a connection and exchanges the ring's first message.
func echoOnce(t Target, r *ring) (fd int, err error) {
	if fd, err = dial(t, false); err != nil {
		return -1, err
	}
	var expected replies = newFrameReplies(r, nil)
	if t.Bare {
		expected = &bareReplies{ring: r}
	}
	err = send(fd, r.stream[:r.lengths[0]])
	for ended := 0; ended == 0 && err == nil; {
		var p []byte
		if p, err = receive(fd); err == nil {
			ended, err = expected.take(p)
		}
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}
