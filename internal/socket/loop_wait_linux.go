package socket

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// briskWait is how long a loop waits with its processor kept, unless it knows that it has
	// something to do within keepTime.
	briskWait = 4 * time.Millisecond
	// keepTime is how long a loop keeps its processor until it yields. After 10 ms, the
	// scheduler's monitor would interrupt it.
	keepTime = 8 * time.Millisecond
)

// waiter fetches the events of a loop, and waits for them.
//
// Go's scheduler has to be told of a system call that waits, so that other goroutines get the
// processor. That wakes other threads, which costs more than a small message. So a loop waits
// in one of two ways:
//
//   - While events follow each other closely, in the kernel, and it keeps the processor.
//     The driver has added processors for the others. The loop yields at first and every
//     few milliseconds. Then the scheduler has a thread that waits in Go's poller, for the
//     other goroutines and loops.
//   - Otherwise in Go's own poller, like a goroutine that reads from a net.Conn.
//
// Go's poller does not watch the loop's epoll instance itself, but another one between them,
// the gate:
//
//	Go's poller <- gate <- epoll <- sockets
//
// The gate is open only while the loop waits in Go's poller. Otherwise each event would also
// wake the thread that waits there for the sake of other goroutines.
type waiter struct {
	now      func() Instant
	epoll    int
	gate     int
	file     *os.File // of gate
	conn     syscall.RawConn
	fetched  func(uintptr) bool // fetches, for conn
	open     bool               // the gate is
	brisk    bool               // the last wait in Go's poller was short, or ended at its instant
	yielded  Instant            // when the loop last yielded; never since its last wait in Go's poller
	deadline Instant            // of file; never if it has none

	events [256]unix.EpollEvent
	n      int   // how many of them were fetched last
	err    error // why none was
}

// deadlineReached is the deadline of a waiter's file once it has passed and must be set again.
const deadlineReached Instant = -1

// newWaiter returns a waiter for an epoll instance, which stays the caller's.
func newWaiter(epoll int, now func() Instant) (*waiter, error) {
	gate, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	err = errors.Join(
		unix.SetNonblock(gate, true), // os.NewFile tells Go's poller of it only then
		unix.EpollCtl(gate, unix.EPOLL_CTL_ADD, epoll, &unix.EpollEvent{}),
	)
	if err != nil {
		unix.Close(gate)
		return nil, err
	}
	w := &waiter{now: now, epoll: epoll, gate: gate, file: os.NewFile(uintptr(gate), "epoll")}
	w.fetched = func(uintptr) bool {
		w.fetch(0)
		return w.n > 0 || w.err != nil
	}
	if err = w.file.SetReadDeadline(time.Time{}); err == nil {
		w.conn, err = w.file.SyscallConn()
	}
	if err != nil {
		w.file.Close()
		return nil, fmt.Errorf("socket: Go's poller cannot watch an epoll instance: %w", err)
	}
	return w, nil
}

func (w *waiter) close() { w.file.Close() }

// fetch fetches the events that are ready, or the first ones within d, with the processor
// kept.
func (w *waiter) fetch(d time.Duration) {
	w.n, w.err = pollFor(w.epoll, w.events[:], d)
}

// wait fetches events. If none is ready, it waits for one until an instant, which must not
// have been reached, or without limit if that is never. It may return early. With giveWay,
// the processor goes to another goroutine, whose work the loop waits for.
func (w *waiter) wait(now, until Instant, giveWay bool) {
	if w.brisk && !giveWay {
		if w.yielded == 0 || now.Sub(w.yielded) >= keepTime {
			w.yielded = now
			runtime.Gosched()
		}
		d, last := briskWait, false
		if until != 0 && until.Sub(now) <= keepTime { // one wait is better than two
			d, last = until.Sub(now), true
		}
		w.fetch(d)
		if w.n > 0 || w.err != nil || last {
			return
		}
	}
	w.park(now, until)
	w.yielded = 0
	// What is done at an instant, such as a ping, often has an answer soon.
	w.brisk = w.n == 0 || w.now().Sub(now) < briskWait
	if w.brisk {
		w.setGate(false)
	}
}

// park fetches events, and waits for them in Go's poller.
func (w *waiter) park(now, until Instant) {
	if until != w.deadline {
		w.deadline = until
		var at time.Time
		if until != 0 {
			at = time.Now().Add(until.Sub(now))
		}
		w.file.SetReadDeadline(at)
	}
	w.setGate(true) // before it looks at the events, so that none is missed
	err := w.conn.Read(w.fetched)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		w.deadline = deadlineReached
	case err != nil:
		w.err = err
	}
}

// setGate opens or closes the gate.
func (w *waiter) setGate(open bool) {
	if open == w.open {
		return
	}
	w.open = open
	var event unix.EpollEvent
	if open {
		event.Events = unix.EPOLLIN
	}
	unix.EpollCtl(w.gate, unix.EPOLL_CTL_MOD, w.epoll, &event)
}
