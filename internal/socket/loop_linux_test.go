package socket

import (
	"log/slog"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
)

// loopTest is a loop driver with one loop, one connection, and a clock that the test moves.
type loopTest struct {
	*Loop
	t      *testing.T
	clock  atomic.Int64
	client net.Conn
}

// loopStart is when the clock of a loopTest starts.
const loopStart = Instant(time.Hour)

// newLoopTest serves one connection with h.
func newLoopTest(t *testing.T, h *scripted) *loopTest {
	t.Helper()
	l := &loopTest{t: t}
	l.clock.Store(int64(loopStart))
	var err error
	l.Loop, err = NewLoop(Config{
		Open:         func(string, int) Handler { return h },
		Now:          func() Instant { return Instant(l.clock.Load()) },
		Headroom:     testHeadroom,
		Buffer:       mediumBuffer + 1000,
		WriteTimeout: 30 * time.Second,
		Account:      budget.NewAccount(0),
		Log:          slog.New(slog.DiscardHandler),
	}, 1)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go l.Serve(ln)
	t.Cleanup(func() {
		ln.Close()
		l.Abort()
		l.Wait()
		l.client.Close()
		h.expectOneEnd(t)
		if n := l.config.Account.HeldBy(budget.Buffers); n != 0 {
			t.Errorf("%d bytes of buffers are in use at the end", n)
		}
	})
	if l.client, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	l.client.SetDeadline(time.Now().Add(time.Minute))
	return l
}

// inLoop has the loop call f with its connection.
func (l *loopTest) inLoop(f func(*loop, *loopConn)) {
	l.each(func(l *loop) {
		for _, c := range l.conns {
			if c != nil {
				f(l, c)
			}
		}
	})
}

// turn returns when the loop has finished the turn that it is in.
func (l *loopTest) turn() { l.each(func(*loop) {}) }

// turnAt moves the clock to d after the start, and has the loop turn once.
func (l *loopTest) turnAt(d time.Duration) {
	l.clock.Store(int64(loopStart.Add(d)))
	l.turn() // this turn may have begun before the clock was moved,
	l.turn() // and this one has not
}

// arrives has the client send p, and waits until the kernel has delivered it. The loop must not read
// meanwhile.
func (l *loopTest) arrives(c *loopConn, p string) {
	l.t.Helper()
	if _, err := l.client.Write([]byte(p)); err != nil {
		l.t.Error(err)
	}
	for deadline := time.Now().Add(patience); unreadBytes(int(c.fd)) < int32(len(p)); runtime.Gosched() {
		if time.Now().After(deadline) {
			l.t.Errorf("%d bytes do not arrive", len(p))
			return
		}
	}
}

func TestLoopIsStalledWhileItDoesNotTurn(t *testing.T) {
	l := newLoopTest(t, &scripted{})
	l.turnAt(0)
	if l.Stalled() {
		t.Error("stalled at the start")
	}
	l.each(func(*loop) {
		l.clock.Store(int64(loopStart.Add(stallTime + 1)))
		if !l.Stalled() {
			t.Error("not stalled after a turn of more than 10 s")
		}
	})
	l.turnAt(2 * stallTime)
	if l.Stalled() {
		t.Error("stalled after the next turn")
	}
}

// TestLongestTurnHasNotEnded: a loop that hangs shows in the longest turn while it does, and after
// that the turn is remembered.
func TestLongestTurnHasNotEnded(t *testing.T) {
	l := newLoopTest(t, &scripted{})
	l.turnAt(0)
	const hang = 3 * time.Second
	l.each(func(*loop) {
		l.clock.Store(int64(loopStart.Add(hang)))
		if got := l.Stats().LongestTurn; got != hang {
			t.Errorf("during the turn the longest is %v, want %v", got, hang)
		}
	})
	l.turnAt(hang)
	if got := l.Stats().LongestTurn; got != hang {
		t.Errorf("after the turn the longest is %v, want %v", got, hang)
	}
}

// TestLoopIsAskedWhileItWaits: a loop may wait forever, so Stalled asks it. It is stalled only if
// it does not answer.
func TestLoopIsAskedWhileItWaits(t *testing.T) {
	var clock atomic.Int64
	clock.Store(int64(loopStart))
	d, err := NewLoop(Config{Now: func() Instant { return Instant(clock.Load()) }, Account: budget.NewAccount(0), Log: slog.New(slog.DiscardHandler)}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	l := d.loops[0] // which does not run, and so does not answer
	for _, step := range []struct {
		after   time.Duration
		stalled bool
	}{{0, false}, {stallTime, false}, {1, true}} {
		clock.Add(int64(step.after))
		if d.Stalled() != step.stalled {
			t.Errorf("after another %v: stalled is %v", step.after, !step.stalled)
		}
	}
	if l.now = l.beat(); d.Stalled() {
		t.Error("stalled although it has answered")
	}
	l.end()
	for range 2 {
		if clock.Add(int64(2 * stallTime)); d.Stalled() {
			t.Error("stalled after the end")
		}
	}
}

func TestLoopIsStalledIfItCannotListen(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	l, err := NewLoop(Config{Now: func() Instant { return loopStart }, Account: budget.NewAccount(0), Log: slog.New(slog.DiscardHandler)}, 1)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() { l.Serve(ln); close(served) }()
	for deadline := time.Now().Add(patience); !l.Stalled(); {
		if time.Now().After(deadline) {
			t.Fatal("not stalled without a listener")
		}
	}
	l.Abort()
	<-served
}

func TestNewLoopNeedsALoop(t *testing.T) {
	if _, err := NewLoop(Config{}, 0); err == nil {
		t.Error("a driver without a loop was made")
	}
}
