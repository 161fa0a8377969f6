package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/echosvc/echosvc/internal/httpecho"
	"github.com/echosvc/echosvc/internal/respond"
)

// A connection of the health port can be dropped for another one after one of these times.
const (
	// silentTime is the time for the first bytes, which most clients send with the end of TCP's
	// handshake.
	silentTime = time.Millisecond
	// clientTime is the time for the rest of a request, for the next one, and for taking an answer.
	clientTime = 5 * time.Millisecond
	// handlerTime is the time for answering a request. A probe that waits for a place is still
	// answered within its second.
	handlerTime = 200 * time.Millisecond
)

// composedAtOnce is how many answers with the same costly page are composed at a time.
const composedAtOnce = 2

// healthConns are the connections of the health port. At the limit, a new one waits until another
// has ended or can be dropped, which is most often one that waits for its client to send a request
// or to take the answer. So clients that send or read nothing neither keep a probe waiting nor take
// the descriptors of PORT. At the limit, an answer is the last of its connection, so that clients
// that always have another request are answered in turn.
type healthConns struct {
	limit int
	drop  func(net.Conn)
	now   func() time.Time
	ended chan struct{} // has a value after a connection has ended

	mu    sync.Mutex
	conns map[*healthConn]struct{}
}

func newHealthConns(limit int, drop func(net.Conn), now func() time.Time) *healthConns {
	return &healthConns{limit: limit, drop: drop, now: now, ended: make(chan struct{}, 1), conns: map[*healthConn]struct{}{}}
}

// makeRoom reports whether another connection may be served now. It drops one if that is necessary
// and possible. Otherwise it returns how long to wait before the next call.
func (h *healthConns) makeRoom() (wait time.Duration, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.conns) < h.limit {
		return 0, true
	}
	var first *healthConn
	for c := range h.conns {
		if first == nil || c.until.Before(first.until) {
			first = c
		}
	}
	if wait := first.until.Sub(h.now()); wait > 0 {
		return wait, false
	}
	delete(h.conns, first)
	h.drop(first.Conn)
	return 0, true
}

// add begins to serve a connection.
func (h *healthConns) add(c *healthConn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.conns[c] = struct{}{}
	c.until = h.now().Add(handlerTime)
}

// remove ends a connection. It may be called more than once.
func (h *healthConns) remove(c *healthConn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.conns, c)
	select {
	case h.ended <- struct{}{}:
	default:
	}
}

// healthConnKey is the key of a request's connection in its context.
type healthConnKey struct{}

// connContext is the ConnContext of the [http.Server].
func (h *healthConns) connContext(ctx context.Context, nc net.Conn) context.Context {
	return context.WithValue(ctx, healthConnKey{}, nc)
}

// handler returns a handler whose requests count as being answered while next runs.
func (h *healthConns) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := r.Context().Value(healthConnKey{}).(*healthConn)
		if c.works() {
			w.Header().Set("Connection", "close")
		}
		defer c.waits()
		next.ServeHTTP(w, r)
	})
}

// costly returns a handler for a page that takes milliseconds to compose. At most composedAtOnce
// requests for the page are answered at a time. Others wait or, while all connections are taken, are
// refused, so that they do not keep probes waiting.
func (h *healthConns) costly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := r.Context().Value(healthConnKey{}).(*healthConn)
		for !c.composes(r.Pattern) {
			select {
			case <-r.Context().Done():
				return
			case <-time.After(clientTime):
			}
			if h.full() {
				w.Header().Set("Connection", "close")
				w.Header().Set("Retry-After", "1")
				respond.PlainText(w, http.StatusServiceUnavailable, fmt.Sprintf("All %d connections of HEALTH_PORT are taken, and other clients are getting this page. Try again later.", h.limit))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// full reports whether a new connection has to wait.
func (h *healthConns) full() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.conns) >= h.limit
}

// healthListener is the listener of the health port. leave is called before a connection is closed.
type healthListener struct {
	net.Listener
	conns *healthConns
	leave func(net.Conn)
}

// Accept returns the next connection once there is room for it.
func (l healthListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	switch {
	case errors.Is(err, net.ErrClosed):
		return nil, err
	case err != nil:
		return nil, acceptError{err}
	}
	for wait, ok := l.conns.makeRoom(); !ok; wait, ok = l.conns.makeRoom() {
		select {
		case <-l.conns.ended:
		case <-time.After(min(wait, silentTime)): // it can become shorter
		}
	}
	c := &healthConn{Conn: nc, listener: l}
	l.conns.add(c)
	return c, nil
}

// acceptError makes every error of accept(2) temporary, so that net/http tries again after a pause.
// Otherwise it would never accept again after some of them, such as a lack of memory (ENOMEM).
type acceptError struct{ error }

func (acceptError) Timeout() bool   { return false }
func (acceptError) Temporary() bool { return true }
func (e acceptError) Unwrap() error { return e.error }

// healthConn is a connection of the health port.
type healthConn struct {
	net.Conn
	listener healthListener

	// Guarded by the mu of the healthConns:
	until     time.Time // it cannot be dropped before
	handled   time.Time // when the request that is being answered can be given up; zero if there is none
	composing string    // the pattern of the costly page that is being composed; "" if none is
	writing   bool      // Write has been called, and has not returned

	request time.Time // when a request that has not arrived can be given up; zero before the first Read of it
	begun   bool      // the client has sent something
}

func (c *healthConn) Read(p []byte) (int, error) {
	c.reads()
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.received()
	}
	return n, err
}

// reads notes that the connection waits for its client, unless a handler runs. The time begins with
// the first Read of a request, since a busy process may be late to receive what has arrived.
func (c *healthConn) reads() {
	h := c.listener.conns
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case !c.request.IsZero():
	case c.begun:
		c.request = h.now().Add(clientTime)
	default:
		c.request = h.now().Add(silentTime)
	}
	if c.handled.IsZero() {
		c.until = c.request
	}
}

// received notes that the client waits for the server, until the next Read.
func (c *healthConn) received() {
	h := c.listener.conns
	h.mu.Lock()
	defer h.mu.Unlock()
	if !c.begun {
		c.begun = true
		c.request = h.now().Add(clientTime)
	}
	if c.handled.IsZero() {
		c.until = h.now().Add(handlerTime)
	}
}

// works notes that a handler begins. It reports whether the answer must be the last.
func (c *healthConn) works() (last bool) {
	h := c.listener.conns
	h.mu.Lock()
	defer h.mu.Unlock()
	c.handled = h.now().Add(handlerTime)
	c.until = c.handled
	return len(h.conns) >= h.limit
}

// composes notes that a costly page is composed. It reports false if enough others are, not
// counting those that wait for their clients.
func (c *healthConn) composes(page string) bool {
	h := c.listener.conns
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for other := range h.conns {
		if other.composing == page && !other.writing {
			n++
		}
	}
	if n >= composedAtOnce {
		return false
	}
	c.composing = page
	return true
}

// waits notes that the connection waits for its client.
func (c *healthConn) waits() {
	h := c.listener.conns
	h.mu.Lock()
	defer h.mu.Unlock()
	c.handled, c.request, c.composing = time.Time{}, time.Time{}, ""
	c.until = h.now().Add(clientTime)
}

// Write waits for the client, also while a handler runs.
func (c *healthConn) Write(p []byte) (int, error) {
	h := c.listener.conns
	h.mu.Lock()
	c.until, c.writing = h.now().Add(clientTime), true
	h.mu.Unlock()
	n, err := c.Conn.Write(p)
	h.mu.Lock()
	c.writing = false
	if !c.handled.IsZero() {
		c.until = c.handled
	}
	h.mu.Unlock()
	return n, err
}

// Close closes the connection and makes room for another one.
func (c *healthConn) Close() error {
	defer c.listener.conns.remove(c)
	c.listener.leave(c.Conn)
	return c.Conn.Close()
}

// CloseWrite lets net/http end a response without a reset when there is unread input.
func (c *healthConn) CloseWrite() error { return httpecho.CloseWrite(c.Conn) }
