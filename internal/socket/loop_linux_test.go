package socket

import (
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// loopTest is a loop driver with one loop, whose clock the test moves, and one connection.
type loopTest struct {
	*Loop
	t      *testing.T
	clock  atomic.Int64
	client net.Conn
}

// newLoopTest serves one connection of h.
func newLoopTest(t *testing.T, h *scripted) *loopTest {
	t.Helper()
	l := &loopTest{t: t}
	l.clock.Store(int64(time.Hour))
	var err error
	l.Loop, err = NewLoop(Config{
		Open:         func(string) Handler { return h },
		Now:          func() time.Duration { return time.Duration(l.clock.Load()) },
		Headroom:     10,
		Buffer:       mediumBuffer + 1000,
		WriteTimeout: 30 * time.Second,
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
		l.Cut()
		l.Wait()
		if l.Lent() != 0 {
			t.Errorf("%d bytes of buffers are lent at the end", l.Lent())
		}
	})
	if l.client, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.client.Close() })
	l.client.SetDeadline(time.Now().Add(time.Minute))
	return l
}

// turn moves the clock to d after the start, and has the loop turn once.
func (l *loopTest) turn(d time.Duration) {
	l.clock.Store(int64(time.Hour + d))
	l.each(func(*loop) {}) // the turn that runs it may have begun before,
	l.each(func(*loop) {}) // the next has not
}

// fill has the handler write until the socket takes no more.
func (l *loopTest) fill() {
	l.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); l.Lent() == 0; l.each(func(*loop) {}) {
		if _, err := l.client.Write([]byte("x")); err != nil || time.Now().After(deadline) {
			l.t.Fatalf("the socket takes everything, or nothing: %v", err)
		}
	}
}

// expectCalls waits for the calls of the handler.
func (l *loopTest) expectCalls(h *scripted, want ...string) {
	l.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); len(h.noted()) < len(want) && time.Now().Before(deadline); {
		l.each(func(*loop) {})
	}
	if got := h.noted(); !slices.Equal(got, want) {
		l.t.Fatalf("the calls are %q, want %q", got, want)
	}
}

func TestLoopWritesKeepsAndEnds(t *testing.T) {
	h := &scripted{answer: func(call, got string) Step {
		switch {
		case call == "end":
			return Step{Write: []byte("end"), Then: Close}
		case strings.HasSuffix(got, "."):
			return Step{Write: []byte(got)}
		}
		return Step{Kept: len(got)}
	}}
	l := newLoopTest(t, h)
	l.client.Write([]byte("a"))
	l.expectCalls(h, "receive a")
	large := strings.Repeat("b", mediumBuffer) // goes into a buffer of its own, and on there
	for sent := 0; sent < len(large); sent += 4096 {
		l.client.Write([]byte(large[sent : sent+4096]))
	}
	l.client.Write([]byte("c"))
	l.client.Write([]byte("."))
	if got := read(t, l.client, len(large)+3); got != "a"+large+"c." {
		t.Errorf("%d bytes came back changed", len(got))
	}
	l.client.(*net.TCPConn).CloseWrite()
	if got, err := io.ReadAll(l.client); string(got) != "end" || err != nil {
		t.Errorf("read %q, %v; want the last bytes, then the end", got, err)
	}
	l.each(func(*loop) {}) // behind the turn that has closed
	if calls := h.noted(); calls[len(calls)-1] != "closed" {
		t.Errorf("the last call is %q", calls[len(calls)-1])
	}
}

func TestLoopWakesWhenAsked(t *testing.T) {
	h := &scripted{wake: time.Hour + 5*time.Second}
	wakes := []time.Duration{7 * time.Second, 20 * time.Second, -time.Hour, -time.Hour} // the last two are never
	h.answer = func(call, got string) Step {
		switch {
		case call == "wake":
			h.wake = time.Hour + wakes[0]
			wakes = wakes[1:]
			return Step{Write: []byte("w")}
		case got == "x":
			h.wake = time.Hour + 15*time.Second
			return Step{Kept: len(got)}
		}
		return Step{}
	}
	l := newLoopTest(t, h)
	l.client.Write([]byte(" "))
	l.expectCalls(h, "receive  ")
	l.turn(5*time.Second - 1)
	l.turn(5 * time.Second)
	l.turn(7 * time.Second)
	read(t, l.client, 2)
	l.client.Write([]byte("x")) // moves the next wake from 20 s to 15 s, and is kept over it
	l.expectCalls(h, "receive  ", "wake 1h0m5s", "wake 1h0m7s", "receive x")
	l.turn(15 * time.Second)
	read(t, l.client, 1)
	l.client.Write([]byte("y"))
	l.expectCalls(h, "receive  ", "wake 1h0m5s", "wake 1h0m7s", "receive x", "wake 1h0m15s", "receive xy")
	l.Wake()
	l.expectCalls(h, "receive  ", "wake 1h0m5s", "wake 1h0m7s", "receive x", "wake 1h0m15s", "receive xy", "wake 1h0m15s")
}

func TestLoopDetachesAndShutsDown(t *testing.T) {
	h := &scripted{answer: func(call, got string) Step {
		switch {
		case call == "end":
			return Step{Then: Close}
		case got == "GET":
			return Step{Kept: len(got), Then: Detach}
		case got == "late":
			return Step{}
		}
		return Step{Write: []byte("last"), Then: ShutDown}
	}}
	l := newLoopTest(t, h)
	l.client.Write([]byte("GET"))
	l.expectCalls(h, "receive GET", "detached GET")
	defer h.handed.Close()
	l.client.Write([]byte("more"))
	if got := read(t, h.handed, 4); got != "more" {
		t.Errorf("read %q", got)
	}

	h2 := &scripted{answer: h.answer}
	l2 := newLoopTest(t, h2)
	l2.client.Write([]byte("x"))
	if got, err := io.ReadAll(l2.client); string(got) != "last" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	l2.client.Write([]byte("late"))
	l2.client.Close()
	l2.expectCalls(h2, "receive x", "receive late", "end", "closed")
}

// TestLoopWriteTimeoutIsOnProgress: what a peer has not read is kept, it is not read from
// meanwhile, and it is closed when it has read nothing for the time-out.
func TestLoopWriteTimeoutIsOnProgress(t *testing.T) {
	answer := []byte(strings.Repeat("0123456789", mediumBuffer/10))
	h := &scripted{answer: func(string, string) Step { return Step{Write: answer} }}
	l := newLoopTest(t, h)
	l.fill()
	stuck := h.noted()
	l.client.Write([]byte("y"))
	l.turn(29 * time.Second)
	l.expectCalls(h, stuck...)
	for len(h.noted()) == len(stuck) {
		read(t, l.client, len(answer))
		l.each(func(*loop) {})
	}
	l.fill()
	l.turn(58 * time.Second) // 29 s behind the last progress
	if calls := h.noted(); strings.HasPrefix(calls[len(calls)-1], "closed") {
		t.Fatalf("closed in spite of progress")
	}
	l.turn(120 * time.Second)
	if calls := h.noted(); calls[len(calls)-1] != "closed: "+ErrWriteTimeout.Error() {
		t.Errorf("the last call is %q", calls[len(calls)-1])
	}
}

// TestLoopSeesThatASlowPeerReads: it may take long until so much of a large send buffer is
// free that epoll tells of it.
func TestLoopSeesThatASlowPeerReads(t *testing.T) {
	answer := []byte(strings.Repeat("0123456789", mediumBuffer/10))
	h := &scripted{answer: func(string, string) Step { return Step{Write: answer} }}
	l := newLoopTest(t, h)
	l.client.(*net.TCPConn).SetReadBuffer(4 << 10)
	l.fill()
	stuck := h.noted()
	left := func() (n int32) {
		l.each(func(l *loop) {
			n = unread(l.conns[slices.IndexFunc(l.conns, func(c *loopConn) bool { return c != nil })])
		})
		return n
	}
	for turns := 1; turns <= 5; turns++ {
		for before := left(); left() == before; {
			read(t, l.client, 1000)
		}
		l.turn(time.Duration(turns) * 29 * time.Second)
		l.expectCalls(h, stuck...)
	}
	l.turn(200 * time.Second) // which may find what the last turn came too early for
	l.turn(300 * time.Second)
	l.expectCalls(h, append(stuck, "closed: "+ErrWriteTimeout.Error())...)
}

// TestLoopForgetsEventsOfTheDescriptorBefore: an event that was fetched before its
// connection ended is not the next one's. Any event of its own would close one that pauses.
func TestLoopForgetsEventsOfTheDescriptorBefore(t *testing.T) {
	h := &scripted{answer: func(string, string) Step { return Step{Then: Pause} }}
	l := newLoopTest(t, h)
	l.client.Write([]byte("a"))
	l.expectCalls(h, "receive a")
	l.each(func(l *loop) {
		for fd, c := range l.conns {
			if c == nil {
				continue
			}
			for _, other := range []int32{-1, 1} {
				l.dispatch(&unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd), Pad: int32(c.generation) + other})
			}
		}
	})
	l.expectCalls(h, "receive a")
}

func TestLoopIsStalledWhenItDoesNotTurn(t *testing.T) {
	l := newLoopTest(t, &scripted{answer: func(string, string) Step { return Step{Then: Close} }})
	l.turn(0)
	if l.Stalled() {
		t.Error("stalled at the start")
	}
	l.each(func(*loop) {
		l.clock.Store(int64(time.Hour + stallTime + 1))
		if !l.Stalled() {
			t.Error("not stalled after a turn of 10 s")
		}
	})
	l.turn(2 * stallTime)
	if l.Stalled() {
		t.Error("stalled after the next turn")
	}
}

// TestLoopTakesALastLookBeforeItWakes: behind a pause of the process, or a long turn, there
// may be bytes that no event has told of.
func TestLoopTakesALastLookBeforeItWakes(t *testing.T) {
	h := &scripted{wake: time.Hour + time.Second, answer: func(string, string) Step { return Step{} }}
	l := newLoopTest(t, h)
	l.client.Write([]byte("a"))
	l.expectCalls(h, "receive a")
	l.each(func(loop *loop) {
		h.wake = 0
		l.client.Write([]byte("b"))
		l.clock.Add(int64(time.Minute))
		loop.now = loop.beat()
		loop.expire()
	})
	l.expectCalls(h, "receive a", "receive b", "wake 1h1m0s")
}

func TestLoopIsStalledWhenItCannotAccept(t *testing.T) {
	l := newLoopTest(t, &scripted{answer: func(string, string) Step { return Step{Then: Close} }})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	deaf, err := NewLoop(l.config, 1)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() { deaf.Serve(ln); close(served) }()
	for deadline := time.Now().Add(10 * time.Second); !deaf.Stalled(); {
		if time.Now().After(deadline) {
			t.Fatal("it seems to be well without a listener")
		}
	}
	deaf.Cut()
	<-served
}

// TestWakeHeap against a look at all of them, with random times that come and go.
func TestWakeHeap(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var h wakeHeap
	conns := make([]*loopConn, 100)
	for i := range conns {
		conns[i] = &loopConn{}
	}
	for range 10_000 {
		c := conns[random.IntN(len(conns))]
		switch random.IntN(4) {
		case 0:
			h.remove(c)
		case 1:
			if h.first() != 0 {
				first := h.first()
				for _, c := range conns {
					if c.wakeAt != 0 && c.wakeAt < first {
						t.Fatalf("%v is in the heap and %v is its first", c.wakeAt, first)
					}
				}
				if c := h.pop(); c.wakeAt != 0 {
					t.Fatal("popped and still in the heap")
				}
			}
		default:
			before, at := c.wakeAt, time.Duration(random.IntN(1000))
			h.set(c, at)
			want := at
			if before != 0 && (at == 0 || before < at) {
				want = before
			}
			if c.wakeAt != want {
				t.Fatalf("set to %v behind %v, and is %v", at, before, c.wakeAt)
			}
		}
	}
	for _, c := range conns {
		h.remove(c)
	}
	if h.first() != 0 {
		t.Error("something is left")
	}
}

func TestAddressesAreWrittenAsNetDoes(t *testing.T) {
	for _, test := range []struct {
		addr unix.Sockaddr
		want string
	}{
		{&unix.SockaddrInet4{Port: 80, Addr: [4]byte{192, 0, 2, 1}}, "192.0.2.1:80"},
		{&unix.SockaddrInet6{Port: 80, Addr: [16]byte{15: 1}}, "[::1]:80"},
		{&unix.SockaddrInet6{Port: 80, Addr: [16]byte{10: 255, 11: 255, 12: 192, 14: 2, 15: 1}}, "192.0.2.1:80"},
		{&unix.SockaddrUnix{}, "unknown"},
	} {
		if got := addrString(test.addr); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

// TestLoopHoldsAllThatAReadCanLeave: an answer may begin in the headroom of the loop's
// buffer and fill it to the end, and none of it be taken by the socket.
func TestLoopHoldsAllThatAReadCanLeave(t *testing.T) {
	l := newLoopTest(t, &scripted{answer: func(string, string) Step { return Step{Then: Close} }})
	l.each(func(l *loop) {
		headroom := l.driver.config.Headroom
		whole := make([]byte, headroom+loopBuffer)
		for _, kept := range []int{0, 1, mediumBuffer, len(whole)} {
			c := &loopConn{}
			l.hold(c, whole[:kept], whole[kept:])
			if need := headroom + len(whole); len(*c.held) < need {
				t.Errorf("%d bytes are held in a buffer of %d", need, len(*c.held))
			}
			l.hold(c, nil, nil)
		}
	})
}
