package socket

import (
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// TestPortableReadsBeforeItWakes for lastLook, when the deadline has passed.
func TestPortableReadsBeforeItWakes(t *testing.T) {
	at := func(d time.Duration) Instant { return Instant(time.Hour + d) }
	h := &scripted{wake: at(5 * time.Second)}
	wakes := []Instant{at(7 * time.Second), at(20 * time.Second), 0}
	h.answer = func(call, got string) (Step, int) {
		switch {
		case call == "wake":
			h.wake = wakes[0]
			wakes = wakes[1:]
			return Step{Write: []byte("w")}, 0
		case got == "x":
			h.wake = at(15 * time.Second)
			return Step{}, len(got)
		case call == "receive":
			return Step{}, 0
		}
		return Step{Then: Close}, 0
	}
	inBubble(t, h, func(t *testing.T, d *Portable, client net.Conn) {
		readString(t, client, 2)
		calls := []string{"wake 1h0m5.001s", "wake 1h0m7.001s"}
		expectCalls(t, h, calls...)
		client.Write([]byte("x")) // moves the next wake from 20 s to 15 s, and is kept
		readString(t, client, 1)
		client.Write([]byte("y"))
		calls = append(calls, "receive x", "wake 1h0m15.001s", "receive xy")
		expectCalls(t, h, calls...)
		client.Close()
		expectCalls(t, h, append(calls, "end", "closed")...)
	})
}

// TestPortableDoesNotWakeEarly: the read deadline stays at 5 s when the handler asks for 9 s.
func TestPortableDoesNotWakeEarly(t *testing.T) {
	h := &scripted{wake: Instant(time.Hour + 5*time.Second)}
	h.answer = func(call, _ string) (Step, int) {
		h.wake = Instant(time.Hour + 9*time.Second)
		if call == "receive" {
			return Step{}, 0
		}
		return Step{Then: Close}, 0
	}
	inBubble(t, h, func(t *testing.T, d *Portable, client net.Conn) {
		client.Write([]byte("x"))
		client.Read(make([]byte, 1))
		expectCalls(t, h, "receive x", "wake 1h0m9.001s", "closed")
	})
}

func TestPortableWakesFromAPauseInTime(t *testing.T) {
	h := &scripted{wake: Instant(time.Hour + 5*time.Second), opened: Step{Then: Pause}}
	h.answer = func(call, got string) (Step, int) {
		h.wake = 0
		if call == "wake" {
			return Step{Write: []byte("w")}, 0
		}
		return Step{Then: Close}, 0
	}
	inBubble(t, h, func(t *testing.T, d *Portable, client net.Conn) {
		readString(t, client, 1)
		expectCalls(t, h, "wake 1h0m5s", "receive ", "closed")
	})
}

// TestPortableWakesOnceForEachCall of its Wake method.
func TestPortableWakesOnceForEachCall(t *testing.T) {
	h := &scripted{answer: func(call, _ string) (Step, int) {
		if call == "wake" {
			return Step{Write: []byte("w")}, 0
		}
		return Step{Then: Close}, 0
	}}
	inBubble(t, h, func(t *testing.T, d *Portable, client net.Conn) {
		synctest.Wait()
		for range 3 {
			d.Wake()
			readString(t, client, 1)
		}
		expectCalls(t, h, "wake", "wake", "wake")
	})
}

func TestPortableLeavesNoDeadlineOnAHijackedConnection(t *testing.T) {
	h := &scripted{wake: Instant(time.Hour + time.Second), answer: func(_, got string) (Step, int) {
		return Step{Then: Hijack}, len(got)
	}}
	inBubble(t, h, func(t *testing.T, d *Portable, client net.Conn) {
		client.Write([]byte("GET"))
		expectCalls(t, h, "receive GET", "hijacked GET")
		time.Sleep(time.Minute) // of the bubble
		go client.Write([]byte("more"))
		if got := readString(t, h.hijacked, 4); got != "more" {
			t.Errorf("read %q", got)
		}
	})
}

// TestPortableWriteTimeoutIsOnProgress: a peer that reads a little before each time-out has
// all of it again. One that stops is closed.
func TestPortableWriteTimeoutIsOnProgress(t *testing.T) {
	h := &scripted{answer: func(string, string) (Step, int) { return Step{Write: []byte("0123456789")}, 0 }}
	inBubble(t, h, func(t *testing.T, d *Portable, client net.Conn) {
		client.Write([]byte("x"))
		for range 5 {
			time.Sleep(29 * time.Second) // of the bubble
			readString(t, client, 1)
		}
		expectCalls(t, h, "receive x")
		time.Sleep(61 * time.Second) // of the bubble
		expectCalls(t, h, "receive x", "closed: "+ErrWriteTimeout.Error())
		if _, err := client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the peer reads %v, want the end of input", err)
		}
	})
}

// TestPortableWritesOnceMore for lastLook, when the time-out has passed.
func TestPortableWritesOnceMore(t *testing.T) {
	h := &scripted{answer: func(string, string) (Step, int) { return Step{Write: []byte("0123456789")}, 0 }}
	inBubble(t, h, func(t *testing.T, d *Portable, client net.Conn) {
		client.Write([]byte("x"))
		synctest.Wait()
		time.Sleep(d.config.WriteTimeout + lastLook/2)
		if got := readString(t, client, 10); got != "0123456789" {
			t.Errorf("read %q", got)
		}
		expectCalls(t, h, "receive x")
	})
}

func TestPortableReadsNothingWhileItSends(t *testing.T) {
	h := &scripted{answer: func(string, string) (Step, int) { return Step{Write: []byte("answer")}, 0 }}
	inBubble(t, h, func(t *testing.T, d *Portable, client net.Conn) {
		client.Write([]byte("x"))
		client.SetWriteDeadline(time.Now().Add(time.Second))
		if n, err := client.Write([]byte("y")); n != 0 || err == nil {
			t.Errorf("%d bytes were read before the answer had been sent", n)
		}
		readString(t, client, 6)
		expectCalls(t, h, "receive x")
	})
}
