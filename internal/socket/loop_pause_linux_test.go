package socket

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestLoopPausesAndReceivesAgain(t *testing.T) {
	h := pausing(time.Hour + 5*time.Second)
	l := newLoopTest(t, h)
	l.client.Write([]byte("ab"))
	l.expectCalls(h, "receive ab")
	l.client.Write([]byte("cd")) // nobody reads it yet
	l.turn(5*time.Second - 1)
	l.expectCalls(h, "receive ab")
	l.turn(5 * time.Second)
	if got := read(t, l.client, 3); got != "wab" {
		t.Errorf("read %q, want what was sent when the handler was woken, and what was kept", got)
	}
	want := []string{"receive ab", "wake 1h0m5s", "receive ab", "receive b", "receive cd"}
	l.expectCalls(h, want...)
}

// TestLoopIsFairToOthers: a connection that receives again and again has one turn at a time.
func TestLoopIsFairToOthers(t *testing.T) {
	again := true
	h := &scripted{answer: func(_, got string) Step {
		if !again {
			return Step{Then: Close}
		}
		return Step{Kept: len(got), Then: Again}
	}}
	l := newLoopTest(t, h)
	l.client.Write([]byte("x"))
	l.each(func(*loop) { again = false }) // has a turn although the connection wants every one
	if got, err := io.ReadAll(l.client); len(got) != 0 || err != nil {
		t.Errorf("read %q, %v; want the end", got, err)
	}
}

func TestLoopClosesWhatIsResetWhilePaused(t *testing.T) {
	h := pausing(0)
	l := newLoopTest(t, h)
	l.client.Write([]byte("a"))
	l.expectCalls(h, "receive a")
	l.client.(*net.TCPConn).SetLinger(0)
	l.client.Close()
	l.expectCalls(h, "receive a", "closed: epoll_wait: connection reset by peer")
}

// TestLoopKeepsAPauseOverASlowPeer: what is written before a pause comes first.
func TestLoopKeepsAPauseOverASlowPeer(t *testing.T) {
	large := make([]byte, loopBuffer)
	h := &scripted{answer: func(call, got string) Step {
		switch {
		case call == "wake":
			return Step{Write: []byte("woken"), Then: Close}
		case got == "a":
			return Step{}
		}
		return Step{Write: large, Then: Pause}
	}}
	l := newLoopTest(t, h)
	l.client.Write([]byte("a"))
	l.expectCalls(h, "receive a")
	l.each(func(l *loop) {
		for fd, c := range l.conns {
			if c != nil {
				unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 16<<10) // much less than is written
			}
		}
	})
	l.client.Write([]byte("b"))
	l.expectCalls(h, "receive a", "receive b")
	l.each(func(*loop) {}) // behind the write
	if l.Lent() == 0 {
		t.Fatal("the socket has taken everything at once")
	}
	l.Wake()
	l.expectCalls(h, "receive a", "receive b") // it is woken when all has gone
	read(t, l.client, len(large))
	if got := read(t, l.client, 5); got != "woken" {
		t.Errorf("read %q behind what was written", got)
	}
}

func TestLoopResets(t *testing.T) {
	l := newLoopTest(t, &scripted{answer: func(string, string) Step { return Step{Then: Reset} }})
	expectReset(t, l.client.RemoteAddr().String())
}

// TestLoopForgetsWhatAPausedConnectionHadBefore: an event that was fetched before the pause
// is not a reset.
func TestLoopForgetsWhatAPausedConnectionHadBefore(t *testing.T) {
	h := pausing(0)
	l := newLoopTest(t, h)
	l.client.Write([]byte("a"))
	l.expectCalls(h, "receive a")
	l.each(func(l *loop) {
		for fd, c := range l.conns {
			if c != nil {
				l.dispatch(&unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd), Pad: int32(c.generation)})
			}
		}
	})
	l.expectCalls(h, "receive a")
}

// TestLoopEndOfInputWaitsForThePausesEnd: behind a shut-down it is a hang-up, which epoll
// reports whatever it was asked for.
func TestLoopEndOfInputWaitsForThePausesEnd(t *testing.T) {
	resumed := false
	h := &scripted{}
	h.answer = func(call, got string) Step {
		switch {
		case call == "end":
			return Step{Then: Close}
		case call == "wake" && !resumed:
			resumed = true
			return Step{Then: Pause}
		case call == "wake":
			return Step{}
		}
		return Step{Then: ShutDown}
	}
	l := newLoopTest(t, h)
	l.client.Write([]byte("a"))
	l.expectCalls(h, "receive a")
	l.Wake()
	l.expectCalls(h, "receive a", "wake 1h0m0s")
	l.client.(*net.TCPConn).CloseWrite()
	l.turn(time.Second)
	l.expectCalls(h, "receive a", "wake 1h0m0s")
	l.Wake()
	l.expectCalls(h, "receive a", "wake 1h0m0s", "wake 1h0m1s", "end", "closed")
}

// TestLoopWakesBetweenTwoReceives: a connection that receives again and again is woken all
// the same.
func TestLoopWakesBetweenTwoReceives(t *testing.T) {
	h := &scripted{}
	h.answer = func(call, got string) Step {
		if call == "wake" {
			return Step{Write: []byte("woken"), Then: Close}
		}
		return Step{Write: make([]byte, 64<<10), Kept: len(got), Then: Again} // more than is read
	}
	l := newLoopTest(t, h)
	l.client.Write([]byte("a"))
	read(t, l.client, 3)
	go l.Wake()
	got, err := io.ReadAll(l.client)
	if !strings.HasSuffix(string(got), "woken") || err != nil {
		t.Errorf("read %d bytes, %v; want what was sent when it was woken at their end", len(got), err)
	}
}
