package socket

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
)

// pipeListener is a listener whose connections are pipes in memory, so that a test can run
// in a synctest bubble.
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

// inBubble runs a test with one connection between client and h.
func inBubble(t *testing.T, h *scripted, test func(t *testing.T, d *Portable, client net.Conn)) {
	t.Helper()
	inBubbleWith(t, nil, h, test)
}

// inBubbleWith is inBubble for a driver that speaks TLS if config is not nil. client does not.
func inBubbleWith(t *testing.T, config *tls.Config, h *scripted, test func(t *testing.T, d *Portable, client net.Conn)) {
	t.Helper()
	serveInBubble(t, func(c *Config) { c.TLS = config }, []*scripted{h}, func(t *testing.T, d *Portable, dial func() net.Conn) {
		test(t, d, dial())
	})
}

// serveInBubble runs a test with a change of the configuration. Each connection that dial opens is
// served with the next handler.
func serveInBubble(t *testing.T, change func(*Config), handlers []*scripted, test func(t *testing.T, d *Portable, dial func() net.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		config := Config{
			Open: func(string, int) Handler {
				h := handlers[0]
				handlers = handlers[1:]
				return h
			},
			Now:          func() Instant { return Instant(time.Hour + time.Since(start)) },
			Headroom:     testHeadroom,
			Buffer:       mediumBuffer + 1000,
			WriteTimeout: 30 * time.Second,
			Account:      budget.NewAccount(0),
			Log:          slog.New(slog.DiscardHandler),
		}
		change(&config)
		d := NewPortable(config)
		ln := newPipeListener()
		serving := make(chan struct{})
		go func() { d.Serve(ln); close(serving) }()
		var clients []net.Conn
		dial := func() net.Conn {
			client := ln.dial()
			clients = append(clients, client)
			return client
		}
		end := sync.OnceFunc(func() {
			for _, client := range clients {
				client.Close()
			}
			ln.Close()
			<-serving
			d.Wait()
		})
		defer end() // also when the test has failed
		test(t, d, dial)
		end()
		if n := d.config.Account.HeldBy(budget.Buffers); n != 0 {
			t.Errorf("%d bytes of buffers are in use at the end", n)
		}
	})
}

// expectCalls compares the calls when everything in the bubble waits.
func expectCalls(t *testing.T, h *scripted, want ...string) {
	t.Helper()
	synctest.Wait()
	if got := h.recorded(); !slices.Equal(got, want) {
		t.Fatalf("the calls are %q, want %q", got, want)
	}
}

// TestPortableServesNothingAfterAbort: a connection that was accepted at the last moment is
// closed.
func TestPortableServesNothingAfterAbort(t *testing.T) {
	d := NewPortable(Config{Log: slog.New(slog.DiscardHandler)})
	ln := newPipeListener()
	d.Abort()
	go func() {
		defer ln.Close()
		if _, err := ln.dial().Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("read %v, want the end of input", err)
		}
	}()
	d.Serve(ln)
	d.Wait()
}

// TestPortableMaxSocketsWhileItAccepts: a connection waits for room although the driver began to
// accept while a handshake could make room.
func TestPortableMaxSocketsWhileItAccepts(t *testing.T) {
	first := &scripted{}
	first.answer = func(string, string) (Step, int) {
		first.established = true
		return Step{Write: []byte("y")}, 0
	}
	second := &scripted{opened: Step{Write: []byte("hi")}}
	serveInBubble(t, func(c *Config) { c.MaxSockets = 1 }, []*scripted{first, second}, func(t *testing.T, d *Portable, dial func() net.Conn) {
		client := dial()
		synctest.Wait() // the driver accepts
		client.Write([]byte("x"))
		readString(t, client, 1)
		waiting := dial()
		synctest.Wait()
		if n := len(d.all()); n != 1 {
			t.Errorf("%d connections are open, want 1", n)
		}
		client.Close()
		if got := readString(t, waiting, 2); got != "hi" {
			t.Errorf("read %q", got)
		}
	})
}

// TestPortableRefusedHandshakeKeepsItsPlace until its answer has been sent.
func TestPortableRefusedHandshakeKeepsItsPlace(t *testing.T) {
	refused := &scripted{answer: func(string, string) (Step, int) { return Step{Write: []byte("no"), Then: ShutDown}, 0 }}
	serveInBubble(t, func(c *Config) { c.MaxHandshakes = 1 }, []*scripted{refused, {}, {}}, func(t *testing.T, _ *Portable, dial func() net.Conn) {
		client := dial()
		client.Write([]byte("x"))
		synctest.Wait() // the driver sends the answer
		dial()
		synctest.Wait()
		if got := readString(t, client, 2); got != "no" {
			t.Errorf("read %q", got)
		}
		synctest.Wait()
		dial() // for which it is dropped now
		expectCalls(t, refused, "receive x", dropped)
	})
}
