package load

import (
	"errors"
	"fmt"
	"math"
	"time"

	"golang.org/x/sys/unix"
)

// maxInFlight is how many messages of a fixed rate may be in flight on one connection. If there are
// as many, the next message is late.
const maxInFlight = 1024

// paced sends so many messages a second until the measurement is complete, on one connection after
// another. A message that is sent late counts from the time at which it should have been sent, so
// that a server that stalls cannot hide the latency of the messages that wait for it.
func (e *echoLoop) paced(rate int) (Result, error) {
	interval := time.Second / time.Duration(rate)
	timer := len(e.conns) // the number that epoll reports for it
	fd, err := startTimer(interval)
	if err != nil {
		return Result{}, err
	}
	defer unix.Close(fd)
	if err := watch(e.poll, fd, timer); err != nil {
		return Result{}, err
	}
	e.byClock = true
	var ticks [8]byte // the number of intervals that have passed
	began, scheduled := e.measured.now(), 0
	due := began
	events := make([]unix.EpollEvent, 256)
	for {
		n, err := wait(e.poll, events)
		if err != nil {
			return Result{}, err
		}
		for _, event := range events[:n] {
			if int(event.Fd) == timer {
				unix.Read(fd, ticks[:]) // which starts the timer again
				continue
			}
			if err := e.handle(event); err != nil {
				return Result{}, err
			}
		}
		for due <= e.measured.now() {
			c := e.conns[scheduled%len(e.conns)]
			if !c.begin(due) {
				break
			}
			e.queue(c)
			if err := e.flush(c); err != nil {
				return Result{}, err
			}
			scheduled++
			due = began + time.Duration(scheduled)*interval
		}
		if r, over, err := e.measured.done(); over || err != nil {
			if err == nil {
				err = checkRate(r, rate)
			}
			return r, err
		}
	}
}

// ErrRate is wrapped by the error for a fixed rate that was not kept. Messages that catch up come
// many at a time, and so cost the server less.
var ErrRate = errors.New("the rate was not kept")

// checkRate checks that the rate was kept within 2 %.
func checkRate(r Result, rate int) error {
	got := float64(r.Messages) / r.Elapsed.Seconds()
	if math.Abs(got/float64(rate)-1) > 0.02 {
		return fmt.Errorf("%w: %.0f messages a second, want %d", ErrRate, got, rate)
	}
	return nil
}

// startTimer returns a descriptor that is readable after each interval, until it is read.
func startTimer(interval time.Duration) (fd int, err error) {
	fd, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return -1, fmt.Errorf("timer: %w", err)
	}
	every := unix.NsecToTimespec(interval.Nanoseconds())
	if err := unix.TimerfdSettime(fd, 0, &unix.ItimerSpec{Interval: every, Value: every}, nil); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("timer: %w", err)
	}
	return fd, nil
}
