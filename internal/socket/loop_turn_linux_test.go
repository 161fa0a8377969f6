package socket

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestLoopWakesInTime(t *testing.T) {
	at := func(d time.Duration) Instant { return loopStart.Add(d) }
	h := &scripted{wake: at(5 * time.Second), opened: Step{Write: []byte(".")}}
	wakes := []Instant{at(7 * time.Second), at(20 * time.Second), at(time.Hour)}
	h.answer = func(call, got string) (Step, int) {
		switch {
		case call == "wake":
			h.wake = wakes[0]
			wakes = wakes[1:]
			return Step{Write: []byte("w")}, 0
		case got == "x":
			h.wake = at(15 * time.Second)
			return Step{}, len(got)
		}
		return Step{Then: Close}, 0
	}
	l := newLoopTest(t, h)
	readString(t, l.client, 1)
	l.turnAt(5*time.Second - 1)
	l.turnAt(5 * time.Second)
	l.turnAt(7 * time.Second)
	readString(t, l.client, 2)
	calls := []string{"wake 1h0m5s", "wake 1h0m7s"}
	h.expect(t, calls...)
	l.client.Write([]byte("x")) // moves the next wake from 20 s to 15 s, and is kept
	calls = append(calls, "receive x")
	h.expect(t, calls...)
	l.turnAt(15 * time.Second)
	readString(t, l.client, 1)
	l.client.Write([]byte("y"))
	h.expect(t, append(calls, "wake 1h0m15s", "receive xy", "closed")...)
}

// TestLoopDoesNotWakeEarly: the heap stays at 5 s when the handler asks for 9 s.
func TestLoopDoesNotWakeEarly(t *testing.T) {
	h := &scripted{wake: loopStart.Add(5 * time.Second)}
	h.answer = func(call, _ string) (Step, int) {
		h.wake = loopStart.Add(9 * time.Second)
		if call == "receive" {
			return Step{}, 0
		}
		return Step{Then: Close}, 0
	}
	l := newLoopTest(t, h)
	l.client.Write([]byte("x"))
	h.expect(t, "receive x")
	l.turnAt(5 * time.Second)
	l.turnAt(9 * time.Second)
	h.expect(t, "receive x", "wake 1h0m9s", "closed")
}

// TestLoopForgetsTheDeadlineOfAHandshake, so that the loop need not turn for it.
func TestLoopForgetsTheDeadlineOfAHandshake(t *testing.T) {
	h := &scripted{wake: loopStart.Add(10 * time.Second)}
	h.answer = func(_, got string) (Step, int) {
		if got == "b" {
			h.wake, h.established = 0, true
		}
		return Step{}, 0
	}
	l := newLoopTest(t, h)
	for _, step := range []struct {
		in     string
		timers int
	}{{"a", 1}, {"b", 0}} {
		l.client.Write([]byte(step.in))
		h.expectLast(t, func(call string) bool { return call == "receive "+step.in })
		l.inLoop(func(l *loop, _ *loopConn) {
			if len(l.timers) != step.timers {
				t.Errorf("after %s: %d timers", step.in, len(l.timers))
			}
		})
	}
}

func TestLoopWakesFromAPauseInTime(t *testing.T) {
	h := &scripted{wake: loopStart.Add(5 * time.Second)}
	h.answer = func(call, got string) (Step, int) {
		switch {
		case call == "wake":
			return Step{Write: []byte("w")}, 0
		case got == "ab" && len(h.recorded()) == 1:
			return Step{Then: Pause}, len(got)
		}
		return Step{Then: Close}, 0
	}
	l := newLoopTest(t, h)
	l.client.Write([]byte("ab"))
	h.expect(t, "receive ab")
	l.turnAt(5*time.Second - 1)
	h.expect(t, "receive ab")
	l.turnAt(5 * time.Second)
	h.expect(t, "receive ab", "wake 1h0m5s", "receive ab", "closed")
}

// TestLoopReadsBeforeItWakes: after a stop of the process, or a long turn, there may be bytes
// that no event has reported. Otherwise an event would have reported them, and a read is not
// worth its system call.
func TestLoopReadsBeforeItWakes(t *testing.T) {
	for _, test := range []struct {
		name string
		more bool
		want []string
	}{
		{"bytes that no event has reported", true, []string{"receive a", "receive b", "wake 1h1m0s"}},
		{"bytes that an event will report", false, []string{"receive a", "wake 1h1m0s", "receive b"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := &scripted{wake: loopStart.Add(time.Second)}
			l := newLoopTest(t, h)
			l.client.Write([]byte("a"))
			h.expect(t, "receive a")
			l.inLoop(func(loop *loop, c *loopConn) {
				l.arrives(c, "b")
				l.clock.Add(int64(time.Minute))
				loop.now = loop.beat()
				loop.expire(test.more)
				h.wake = 0
			})
			h.expect(t, test.want...)
		})
	}
}

// TestLoopTurnsWhileAConnectionYields: what is posted is called although a connection
// yields again and again.
func TestLoopTurnsWhileAConnectionYields(t *testing.T) {
	yields := true
	h := &scripted{answer: func(_, got string) (Step, int) {
		if !yields {
			return Step{Then: Close}, 0
		}
		return Step{Then: Yield}, len(got)
	}}
	l := newLoopTest(t, h)
	l.client.Write([]byte("x"))
	l.each(func(*loop) { yields = false })
	h.expectEnd(t)
}

// TestLoopIgnoresEventsOfAnEarlierConnection that had the same descriptor. An error would
// close a paused connection.
func TestLoopIgnoresEventsOfAnEarlierConnection(t *testing.T) {
	h := &scripted{answer: func(_, got string) (Step, int) { return Step{Then: Pause}, len(got) }}
	l := newLoopTest(t, h)
	l.client.Write([]byte("a"))
	h.expect(t, "receive a")
	l.inLoop(func(l *loop, c *loopConn) {
		for _, other := range []int32{-1, 1} {
			l.dispatch(&unix.EpollEvent{Events: unix.EPOLLERR, Fd: c.fd, Pad: int32(c.generation) + other})
		}
	})
	h.expect(t, "receive a")
}

// TestLoopIgnoresInputEventsOfAPausedConnection, which were fetched before the pause.
func TestLoopIgnoresInputEventsOfAPausedConnection(t *testing.T) {
	h := &scripted{answer: func(_, got string) (Step, int) { return Step{Then: Pause}, len(got) }}
	l := newLoopTest(t, h)
	l.client.Write([]byte("a"))
	h.expect(t, "receive a")
	l.client.Write([]byte("b"))
	l.inLoop(func(l *loop, c *loopConn) {
		l.dispatch(&unix.EpollEvent{Events: unix.EPOLLIN, Fd: c.fd, Pad: int32(c.generation)})
	})
	h.expect(t, "receive a")
}

// TestLoopQueuesBusyConnections: one that has read much is served when those that are ready
// have been.
func TestLoopQueuesBusyConnections(t *testing.T) {
	h := &scripted{}
	l := newLoopTest(t, h)
	l.client.Write([]byte("a"))
	h.expect(t, "receive a")
	l.inLoop(func(l *loop, c *loopConn) {
		event := &unix.EpollEvent{Events: unix.EPOLLIN, Fd: c.fd, Pad: int32(c.generation)}
		if c.busy {
			t.Error("a connection that has read a byte is busy")
		}
		c.busy = true
		l.dispatch(event)
		l.dispatch(event)
		if len(l.queue) != 1 || !c.queued {
			t.Errorf("%d connections are queued", len(l.queue))
		}
	})
	l.client.Write([]byte("b"))
	h.expect(t, "receive a", "receive b")
	l.inLoop(func(l *loop, c *loopConn) {
		if c.busy || c.queued || len(l.queue) > 0 {
			t.Error("still busy or queued after a short read")
		}
	})
}

// TestLoopQueuesMuchInputInALongTurn: a connection whose last read was small may have much now. One with
// little is served.
func TestLoopQueuesMuchInputInALongTurn(t *testing.T) {
	for _, test := range []struct {
		bytes int
		long  bool
		want  bool
	}{{smallBuffer, true, false}, {smallBuffer + 1, true, true}, {smallBuffer + 1, false, false}} {
		h := &scripted{}
		l := newLoopTest(t, h)
		l.client.Write([]byte("a"))
		h.expect(t, "receive a")
		l.inLoop(func(loop *loop, c *loopConn) {
			l.arrives(c, string(make([]byte, test.bytes)))
			loop.long = test.long
			loop.dispatch(&unix.EpollEvent{Events: unix.EPOLLIN, Fd: c.fd, Pad: int32(c.generation)})
			if queued := len(loop.queue) > 0; queued != test.want || c.busy != test.want {
				t.Errorf("with %d bytes in a turn that is long %t: queued %t, busy %t; want %t", test.bytes, test.long, queued, c.busy, test.want)
			}
		})
	}
}

// TestLoopServesTheQueueForAShortTime: the rest of the queue keeps its order.
func TestLoopServesTheQueueForAShortTime(t *testing.T) {
	h := &scripted{}
	l := newLoopTest(t, h)
	l.client.Write([]byte("a"))
	h.expect(t, "receive a")
	l.inLoop(func(loop *loop, c *loopConn) {
		gone := func() *loopConn { return &loopConn{fd: c.fd, queued: true} }
		loop.enqueue(c)
		second, third := gone(), gone()
		loop.queue = append(loop.queue, second, third)
		l.arrives(c, "b")
		h.answer = func(string, string) (Step, int) {
			l.clock.Add(int64(queueTime + 1))
			return Step{}, 0
		}
		loop.serveQueue()
		if len(loop.queue) != 2 || loop.queue[0] != second || loop.queue[1] != third {
			t.Errorf("%d connections are left in the queue", len(loop.queue))
		}
		h.answer = nil
		loop.serveQueue()
		if len(loop.queue) != 0 {
			t.Errorf("%d connections are left in the queue", len(loop.queue))
		}
	})
	h.expect(t, "receive a", "receive b")
}

// TestLoopDropsNoHandshakeThatWaitsForIt in the queue, however long that takes.
func TestLoopDropsNoHandshakeThatWaitsForIt(t *testing.T) {
	h := &scripted{}
	l := newLoopTest(t, h)
	l.client.Write([]byte("a"))
	h.expect(t, "receive a")
	l.turnAt(begunWait - 1)
	l.inLoop(func(l *loop, c *loopConn) {
		l.enqueue(c)
		l.now = l.now.Add(1)
		if l.dropHandshake() {
			t.Error("it is dropped while it is in the queue")
		}
		l.now = l.now.Add(time.Second)
		l.leaveQueue(c)
		if c.queued = false; !l.dropHandshake() {
			t.Error("it is not dropped after that")
		}
		l.queue = nil
	})
	h.expect(t, "receive a", dropped)
}

// TestLoopAcceptsLast in a turn, so that it knows whose bytes have arrived.
func TestLoopAcceptsLast(t *testing.T) {
	h := &scripted{}
	l := newLoopTest(t, h)
	l.client.Write([]byte("a"))
	h.expect(t, "receive a")
	l.inLoop(func(l *loop, _ *loopConn) {
		called := false
		l.post(func() { called = true })
		for _, fd := range []int{l.wakeup, l.acceptor.fd} {
			l.dispatch(&unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
		}
		if called || !l.woken || !l.acceptor.ready {
			t.Error("not left for dispatchLate")
		}
		if l.dispatchLate(); !called || l.woken || l.acceptor.ready {
			t.Error("not done by dispatchLate")
		}
	})
}

// nextWakeHandler is asked only for its next wake.
type nextWakeHandler struct {
	Handler
	nextWake func() Instant
}

func (h nextWakeHandler) NextWake() Instant { return h.nextWake() }

// TestLoopWakesForAShortTime: those that are due do not hold up input for longer.
func TestLoopWakesForAShortTime(t *testing.T) {
	l := newLoopTest(t, &scripted{})
	l.inLoop(func(loop *loop, c *loopConn) {
		asked := 0
		h := nextWakeHandler{nextWake: func() Instant {
			asked++
			l.clock.Add(int64(expireTime / 10))
			return loop.now
		}}
		for range 40 {
			loop.timers.set(&loopConn{handler: h, fd: c.fd, input: paused}, loop.now)
		}
		for _, want := range []int{16, 32, 40} {
			if loop.expire(false); asked != want {
				t.Errorf("%d connections were due and are done; want %d", asked, want)
			}
		}
	})
}

// TestLoopReadsLessAfterAYield, so that less is kept and copied in the next turns.
func TestLoopReadsLessAfterAYield(t *testing.T) {
	c := &loopConn{}
	for _, step := range []struct {
		then Action
		read int
		busy bool
	}{
		{Read, loopBuffer, false}, {Yield, loopBuffer / 2, true}, {Yield, loopBuffer / 4, true}, {Yield, loopBuffer / 8, true},
		{Yield, loopBuffer / 16, true}, {Yield, loopBuffer / 32, true}, {Yield, loopBuffer / 32, true}, {Read, loopBuffer / 16, true},
	} {
		if c.noteWork(step.then); c.busy != step.busy || loopBuffer>>c.yields != step.read {
			t.Errorf("after %v: busy is %v, reads %d bytes", step.then, c.busy, loopBuffer>>c.yields)
		}
	}
	const most = loopBuffer / 32
	h := &scripted{received: func(_ []byte, start, end int) error {
		if end-start > most {
			return errors.New("more was read")
		}
		return nil
	}}
	l := newLoopTest(t, h)
	l.client.Write([]byte("a"))
	h.expect(t, "receive a")
	l.inLoop(func(l2 *loop, c *loopConn) {
		c.yields = maxYields
		l.arrives(c, string(make([]byte, 2*most)))
		l2.read(c)
	})
	if calls := h.recorded(); len(calls[1]) != len("receive ")+most {
		t.Errorf("received %d bytes", len(calls[1]))
	}
}
