package socket

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// waiterTest is a waiter that watches an eventfd, and a clock that the test moves.
type waiterTest struct {
	*waiter
	clock  Instant
	signal int
}

func newWaiterTest(t *testing.T) *waiterTest {
	t.Helper()
	w := &waiterTest{clock: loopStart}
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	if w.waiter, err = newWaiter(epoll, func() Instant { return w.clock }); err != nil {
		t.Fatal(err)
	}
	if w.signal, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, w.signal, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(w.signal)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.close()
		unix.Close(epoll)
		unix.Close(w.signal)
	})
	return w
}

// wait is that of the waiter, and goes on after a signal of Go's scheduler.
func (w *waiterTest) wait(now, until Instant) {
	for w.waiter.wait(now, until, false); w.err == unix.EINTR; w.waiter.wait(now, until, false) {
	}
}

// expect waits without limit, and fails the test unless there was an event.
func (w *waiterTest) expect(t *testing.T) {
	t.Helper()
	if w.wait(w.clock, 0); w.n != 1 || w.err != nil || int(w.events[0].Fd) != w.signal {
		t.Errorf("%d events, %v", w.n, w.err)
	}
	resetNow(w.signal)
}

func TestWaiterFetchesWhatIsReady(t *testing.T) {
	w := newWaiterTest(t)
	for _, w.brisk = range []bool{false, true} {
		signalNow(w.signal)
		w.expect(t)
	}
}

// TestWaiterIsWoken in either kind of wait, again and again.
func TestWaiterIsWoken(t *testing.T) {
	w := newWaiterTest(t)
	for i := range 200 {
		w.brisk = i%3 == 0
		go signalNow(w.signal)
		w.expect(t)
	}
}

// TestWaiterYields: when it begins to keep its processor, and when it has for long.
func TestWaiterYields(t *testing.T) {
	w := newWaiterTest(t)
	start := w.clock
	for _, test := range []struct {
		at, yielded time.Duration
	}{{0, 0}, {1, 0}, {keepTime - 1, 0}, {keepTime, keepTime}, {keepTime + 1, keepTime}, {3 * keepTime, 3 * keepTime}} {
		w.brisk, w.clock = true, start.Add(test.at)
		signalNow(w.signal)
		if w.expect(t); w.yielded != start.Add(test.yielded) {
			t.Errorf("at %v, it last yielded at %v", test.at, w.yielded.Sub(start))
		}
	}
	w.brisk = false
	signalNow(w.signal)
	if w.expect(t); w.yielded != 0 {
		t.Error("a wait in Go's poller counts as a yield")
	}
}

// TestWaiterOpensItsGate only while waits are long.
func TestWaiterOpensItsGate(t *testing.T) {
	w := newWaiterTest(t)
	for _, test := range []struct {
		wait time.Duration
		open bool
	}{{briskWait, true}, {briskWait, true}, {briskWait - 1, false}, {briskWait, false}} {
		ends := w.clock.Add(test.wait)
		w.waiter.now = func() Instant { return ends }
		signalNow(w.signal)
		if w.expect(t); w.open != test.open {
			t.Errorf("after %v, the gate is open: %v", test.wait, w.open)
		}
	}
}

// TestWaiterReturnsInTime: at its instant, and in a later wait it is woken.
func TestWaiterReturnsInTime(t *testing.T) {
	w := newWaiterTest(t)
	for _, w.brisk = range []bool{false, true, false} {
		for range 2 { // with the same instant: the clock has not moved
			if w.wait(w.clock, w.clock.Add(time.Millisecond)); w.n != 0 || w.err != nil {
				t.Errorf("%d events, %v", w.n, w.err)
			}
		}
		go signalNow(w.signal)
		w.expect(t)
	}
}

// TestWaiterExpectsAnAnswer to what is done at an instant that it has waited for.
func TestWaiterExpectsAnAnswer(t *testing.T) {
	w := newWaiterTest(t)
	if w.wait(w.clock, w.clock.Add(time.Millisecond)); !w.brisk || w.open {
		t.Errorf("brisk is %v, the gate is open: %v", w.brisk, w.open)
	}
}

// TestWaiterKeepsTheProcessorUpToAnInstant that is near.
func TestWaiterKeepsTheProcessorUpToAnInstant(t *testing.T) {
	for _, test := range []struct {
		name   string
		until  time.Duration
		parked bool
	}{
		{"near", keepTime, false},
		{"far", keepTime + 1, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWaiterTest(t)
			w.brisk = true
			if w.wait(w.clock, w.clock.Add(test.until)); w.n != 0 || (w.yielded == 0) != test.parked {
				t.Errorf("%d events; it last yielded at %v", w.n, w.yielded)
			}
		})
	}
}

func TestWaiterRefusesWhatEpollCannotWatch(t *testing.T) {
	if w, err := newWaiter(-1, nil); err == nil {
		w.close()
		t.Error("a waiter without an epoll instance was made")
	}
}

// TestWaiterAllocatesNothing, in either kind of wait.
func TestWaiterAllocatesNothing(t *testing.T) {
	w := newWaiterTest(t)
	signalNow(w.signal)
	for _, brisk := range []bool{false, true} {
		if n := testing.AllocsPerRun(100, func() {
			w.brisk = brisk
			w.wait(w.clock, 0)
		}); n > 0 {
			t.Errorf("%v allocations", n)
		}
	}
}
