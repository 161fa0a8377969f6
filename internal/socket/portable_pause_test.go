package socket

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pausing is a handler that pauses with what it is given, and goes on when it is woken:
// it sends one byte of what it has kept and asks for the rest, until there is none.
func pausing(wake time.Duration) *scripted {
	h := &scripted{wake: wake}
	woken := false
	h.answer = func(call, got string) Step {
		switch {
		case call == "wake":
			woken, h.wake = true, 0
			return Step{Write: []byte("w"), Then: Again}
		case call == "end":
			return Step{Then: Close}
		case !woken:
			return Step{Kept: len(got), Then: Pause}
		case len(got) > 1:
			return Step{Write: []byte(got[:1]), Kept: len(got) - 1, Then: Again}
		}
		woken = false
		return Step{Write: []byte(got)}
	}
	return h
}

func TestPortablePausesAndReceivesAgain(t *testing.T) {
	h := pausing(5 * time.Second)
	inBubble(t, h, func(t *testing.T, d *Portable, client net.Conn) {
		client.Write([]byte("ab"))
		synctest.Wait()
		go client.Write([]byte("cd")) // nobody reads it yet
		want := []string{"receive ab"}
		expectCalls(t, h, want...)
		if got := read(t, client, 3); got != "wab" {
			t.Errorf("read %q, want what was sent when the handler was woken, and what was kept", got)
		}
		want = append(want, "wake 5s", "receive ab", "receive b", "receive cd")
		expectCalls(t, h, want...)
		d.Wake() // ends a pause as well
		if got := read(t, client, 3); got != "wcd" {
			t.Errorf("read %q, want what was sent when the handler was woken, and what was kept", got)
		}
		expectCalls(t, h, append(want, "wake 5s", "receive cd", "receive d")...)
	})
}

func TestPortableCutsWhilePaused(t *testing.T) {
	h := pausing(0)
	inBubble(t, h, func(t *testing.T, d *Portable, client net.Conn) {
		client.Write([]byte("a"))
		expectCalls(t, h, "receive a")
		d.Cut()
		expectCalls(t, h, "receive a", "closed: use of closed network connection")
	})
}

// TestPortableWakesBetweenTwoReceives: a connection that receives again and again is woken
// all the same.
func TestPortableWakesBetweenTwoReceives(t *testing.T) {
	h := &scripted{}
	h.answer = func(call, got string) Step {
		if call == "wake" {
			return Step{Write: []byte("woken"), Then: Close}
		}
		return Step{Write: []byte("x"), Kept: len(got), Then: Again}
	}
	inBubble(t, h, func(t *testing.T, d *Portable, client net.Conn) {
		client.Write([]byte("a"))
		read(t, client, 3)
		d.Wake()
		if got, err := io.ReadAll(client); !strings.HasSuffix(string(got), "woken") || err != nil {
			t.Errorf("read %q, %v; want what was sent when it was woken at the end", got, err)
		}
	})
}

// TestPortableResets runs over TCP: a pipe knows no reset.
func TestPortableResets(t *testing.T) {
	h := &scripted{answer: func(string, string) Step { return Step{Then: Reset} }}
	d := NewPortable(Config{Open: func(string) Handler { return h }, Now: func() time.Duration { return 0 }})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go d.Serve(ln)
	defer d.Wait()
	defer ln.Close()
	expectReset(t, ln.Addr().String())
}

// expectReset has a handler answer a byte with a reset.
func expectReset(t *testing.T, addr string) {
	t.Helper()
	client, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	client.SetDeadline(time.Now().Add(10 * time.Second))
	client.Write([]byte("x"))
	var failed *net.OpError // the end of input is none
	if n, err := client.Read(make([]byte, 1)); !errors.As(err, &failed) || failed.Timeout() {
		t.Errorf("read %d bytes, %v; want a reset", n, err)
	}
}
