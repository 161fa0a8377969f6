package httpecho

import (
	"context"
	"net"
	"sync"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// Listener is a net.Listener in memory. Connections that were accepted elsewhere, and
// turned out to be plain HTTP, come out of Accept.
type Listener struct {
	addr     net.Addr
	conns    chan net.Conn
	closed   chan struct{}
	once     sync.Once
	requests requests
}

// NewListener returns a Listener that says it listens on addr.
func NewListener(addr net.Addr, limits Limits) *Listener {
	return &Listener{
		addr: addr, conns: make(chan net.Conn), closed: make(chan struct{}),
		requests: requests{Limits: limits, conns: map[*replayConn]struct{}{}},
	}
}

// Admit counts a plain request in, or returns why it is refused. An admitted one must be
// given to ServeConn or to Release. When the limit is reached, the request that has been
// silent longest makes room. Health checks have room of their own: a busy server is not an
// unhealthy one.
func (l *Listener) Admit(r *wsproto.Request) *wsproto.HandshakeError {
	return l.requests.admit(r.Target == "/healthz" || r.Target == "/readyz")
}

// Release counts out an admitted request whose connection was lost.
func (l *Listener) Release() {
	l.requests.mu.Lock()
	defer l.requests.mu.Unlock()
	l.requests.release()
}

// ServeConn passes on the connection of a request that was admitted, and from which read
// has been read already. It waits for Accept, and closes the connection when the listener
// is closed.
func (l *Listener) ServeConn(nc net.Conn, read []byte) {
	c := &replayConn{Conn: nc, first: read, unread: read, requests: &l.requests}
	c.touch()
	l.requests.add(c)
	select {
	case l.conns <- c:
	case <-l.closed:
		c.Close()
	}
}

// Accept returns the next connection.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case nc := <-l.conns:
		return nc, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close makes Accept fail. Connections are left alone.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr returns the address given to NewListener.
func (l *Listener) Addr() net.Addr { return l.addr }

// connKey is the key of a request's connection in its context.
type connKey struct{}

// ConnContext is the ConnContext of the http.Server that serves a Listener: the echo shows
// what arrived on the connection.
func ConnContext(ctx context.Context, nc net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, nc)
}
