package socket

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipeListener is a listener whose connections are pipes in memory, so that a test
// can run in a bubble with a clock of its own.
type pipeListener struct {
	conns chan net.Conn
	once  sync.Once
}

func newPipeListener() *pipeListener { return &pipeListener{conns: make(chan net.Conn)} }

func (l *pipeListener) dial() net.Conn {
	client, server := net.Pipe()
	l.conns <- server
	return client
}

func (l *pipeListener) Accept() (net.Conn, error) {
	if nc, ok := <-l.conns; ok {
		return nc, nil
	}
	return nil, net.ErrClosed
}

func (l *pipeListener) Close() error   { l.once.Do(func() { close(l.conns) }); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// scripted is a handler that notes each call, and answers as its script says.
type scripted struct {
	mu     sync.Mutex
	calls  []string
	opened Step
	wake   time.Duration // what Waiting says
	answer func(call, got string) Step
	handed net.Conn
}

func (h *scripted) note(call string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, call)
}

func (h *scripted) noted() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.calls)
}

func (h *scripted) Opened(time.Duration) Step { return h.opened }

func (h *scripted) Waiting(time.Duration) time.Duration { return h.wake }

func (h *scripted) Receive(_ time.Duration, mem []byte, start, end int) Step {
	got := string(mem[start:end])
	h.note("receive " + got)
	return h.answer("receive", got)
}

func (h *scripted) EndOfInput(time.Duration) Step {
	h.note("end")
	return h.answer("end", "")
}

func (h *scripted) Wake(now time.Duration, _ []byte) Step {
	h.note("wake " + now.String())
	return h.answer("wake", "")
}

func (h *scripted) Detached(nc net.Conn, kept []byte) {
	h.handed = nc // before the note, which is what the test waits for
	h.note("detached " + string(kept))
}

func (h *scripted) Closed(_ time.Duration, cause error) {
	if cause == nil {
		h.note("closed")
	} else {
		h.note("closed: " + cause.Error())
	}
}

// inBubble runs a test with one connection between client and h.
func inBubble(t *testing.T, h *scripted, test func(t *testing.T, d *Portable, client net.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		d := NewPortable(Config{
			Open:         func(string) Handler { return h },
			Now:          func() time.Duration { return time.Since(start) },
			Headroom:     10,
			Buffer:       mediumBuffer + 1000,
			WriteTimeout: 30 * time.Second,
			Log:          slog.New(slog.DiscardHandler),
		})
		ln := newPipeListener()
		serving := make(chan struct{})
		go func() { d.Serve(ln); close(serving) }()
		client := ln.dial()
		end := sync.OnceFunc(func() {
			client.Close()
			ln.Close()
			<-serving
			d.Wait()
		})
		defer end() // also when the test has failed
		test(t, d, client)
		end()
		if d.Lent() != 0 {
			t.Errorf("%d bytes of buffers are lent at the end", d.Lent())
		}
	})
}

func read(t *testing.T, r io.Reader, n int) string {
	t.Helper()
	p := make([]byte, n)
	if _, err := io.ReadFull(r, p); err != nil {
		t.Fatal(err)
	}
	return string(p)
}

func expectCalls(t *testing.T, h *scripted, want ...string) {
	t.Helper()
	synctest.Wait()
	if got := h.noted(); !slices.Equal(got, want) {
		t.Fatalf("the calls are %q, want %q", got, want)
	}
}

func TestPortableWritesAndKeeps(t *testing.T) {
	h := &scripted{answer: func(call, got string) Step {
		switch {
		case call == "end":
			return Step{Then: Close}
		case strings.HasSuffix(got, "."):
			return Step{Write: []byte(got)}
		}
		return Step{Kept: len(got)}
	}}
	inBubble(t, h, func(t *testing.T, d *Portable, client net.Conn) {
		for _, p := range []string{"a", "b", "c."} {
			client.Write([]byte(p))
		}
		if got := read(t, client, 4); got != "abc." {
			t.Errorf("read %q", got)
		}
		expectCalls(t, h, "receive a", "receive ab", "receive abc.")
		client.Close()
		expectCalls(t, h, "receive a", "receive ab", "receive abc.", "end", "closed")
	})
}

// TestPortableWakesWhenAsked: when the time has come, the socket is looked at once more,
// for lastLook.
func TestPortableWakesWhenAsked(t *testing.T) {
	h := &scripted{wake: 5 * time.Second}
	wakes := []time.Duration{7 * time.Second, 20 * time.Second, 0}
	h.answer = func(call, got string) Step {
		switch {
		case call == "wake":
			h.wake = wakes[0]
			wakes = wakes[1:]
			return Step{Write: []byte("w")}
		case got == "x":
			h.wake = 15 * time.Second
			return Step{Kept: len(got)}
		case call == "receive":
			return Step{}
		}
		return Step{Then: Close}
	}
	inBubble(t, h, func(t *testing.T, d *Portable, client net.Conn) {
		read(t, client, 2)
		expectCalls(t, h, "wake 5.001s", "wake 7.001s")
		client.Write([]byte("x")) // moves the next wake from 20 s to 15 s, and is kept over it
		read(t, client, 1)
		client.Write([]byte("y"))
		expectCalls(t, h, "wake 5.001s", "wake 7.001s", "receive x", "wake 15.001s", "receive xy")
		client.Close()
		expectCalls(t, h, "wake 5.001s", "wake 7.001s", "receive x", "wake 15.001s", "receive xy", "end", "closed")
	})
}

func TestPortableIsWokenFromOutside(t *testing.T) {
	h := &scripted{answer: func(call, got string) Step {
		if call == "wake" {
			return Step{Write: []byte("w")}
		}
		return Step{Then: Close}
	}}
	inBubble(t, h, func(t *testing.T, d *Portable, client net.Conn) {
		synctest.Wait()
		for range 3 {
			d.Wake()
			read(t, client, 1)
		}
		expectCalls(t, h, "wake 0s", "wake 0s", "wake 0s") // and no more
		calls := 0
		d.Each(func(Handler) { calls++ })
		if calls != 1 {
			t.Errorf("Each called %d handlers, want 1", calls)
		}
	})
}

func TestPortableCloses(t *testing.T) {
	h := &scripted{answer: func(string, string) Step { return Step{Write: []byte("last"), Then: Close} }}
	inBubble(t, h, func(t *testing.T, d *Portable, client net.Conn) {
		client.Write([]byte("x"))
		if got, err := io.ReadAll(client); string(got) != "last" || err != nil {
			t.Errorf("read %q, %v; want the last bytes, then the end", got, err)
		}
		expectCalls(t, h, "receive x", "closed")
	})
}

// halfPipe is a pipe that can be shut down in one direction, as TCP can.
type halfPipe struct {
	net.Conn
	shutDown chan struct{}
}

func (p *halfPipe) CloseWrite() error { close(p.shutDown); return nil }

func TestPortableShutsDownAndGoesOnReading(t *testing.T) {
	h := &scripted{answer: func(call, got string) Step {
		switch {
		case call == "end":
			return Step{Then: Close}
		case got == "x":
			return Step{Write: []byte("last"), Then: ShutDown}
		}
		return Step{}
	}}
	inBubble(t, h, func(t *testing.T, d *Portable, client net.Conn) {
		shutDown := make(chan struct{})
		another, server := net.Pipe()
		served := &portableConn{driver: d, nc: &halfPipe{server, shutDown}, handler: h}
		go served.run()
		another.Write([]byte("x"))
		read(t, another, 4)
		<-shutDown
		another.Write([]byte("late"))
		another.Close()
		expectCalls(t, h, "receive x", "receive late", "end", "closed")
	})
}

// TestPortableServesNothingAfterCut: a connection that was accepted at the last moment is
// closed, not forgotten.
func TestPortableServesNothingAfterCut(t *testing.T) {
	d := NewPortable(Config{Log: slog.New(slog.DiscardHandler)})
	ln := newPipeListener()
	d.Cut()
	go func() {
		defer ln.Close()
		if _, err := ln.dial().Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("read %v, want the end", err)
		}
	}()
	d.Serve(ln)
	d.Wait()
}

func TestPortableDetaches(t *testing.T) {
	h := &scripted{wake: time.Second, answer: func(call, got string) Step {
		return Step{Kept: len(got), Then: Detach}
	}}
	inBubble(t, h, func(t *testing.T, d *Portable, client net.Conn) {
		client.Write([]byte("GET"))
		expectCalls(t, h, "receive GET", "detached GET")
		d.Cut()
		d.Wake()
		time.Sleep(time.Minute) // of the bubble: no deadline of the driver is left
		go client.Write([]byte("more"))
		if got := read(t, h.handed, 4); got != "more" {
			t.Errorf("read %q", got)
		}
	})
}

func TestPortableCuts(t *testing.T) {
	h := &scripted{}
	inBubble(t, h, func(t *testing.T, d *Portable, client net.Conn) {
		synctest.Wait()
		d.Cut()
		expectCalls(t, h, "closed: "+io.ErrClosedPipe.Error())
	})
}

// TestPortableWriteTimeoutIsOnProgress: a peer that reads a little before each time-out
// may take its time; one that stops is closed.
func TestPortableWriteTimeoutIsOnProgress(t *testing.T) {
	h := &scripted{answer: func(string, string) Step { return Step{Write: []byte("0123456789")} }}
	inBubble(t, h, func(t *testing.T, d *Portable, client net.Conn) {
		client.Write([]byte("x"))
		for range 5 {
			time.Sleep(29 * time.Second) // of the bubble
			read(t, client, 1)
		}
		expectCalls(t, h, "receive x")
		time.Sleep(61 * time.Second) // of the bubble
		expectCalls(t, h, "receive x", "closed: "+ErrWriteTimeout.Error())
		if _, err := client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the peer reads %v, want the end", err)
		}
	})
}

// TestPortableReadsNothingWhileItWrites: backpressure is not reading.
func TestPortableReadsNothingWhileItWrites(t *testing.T) {
	h := &scripted{answer: func(string, string) Step { return Step{Write: []byte("answer")} }}
	inBubble(t, h, func(t *testing.T, d *Portable, client net.Conn) {
		client.Write([]byte("x"))
		client.SetWriteDeadline(time.Now().Add(time.Second))
		if n, err := client.Write([]byte("y")); n != 0 || err == nil {
			t.Errorf("%d bytes were read while the answer had not gone", n)
		}
		read(t, client, 6)
		expectCalls(t, h, "receive x")
	})
}
