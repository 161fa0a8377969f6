package httpecho

import (
	"context"
	"io"
	"net"
	"sync"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// Listener is a net.Listener in memory. Connections that were accepted elsewhere, and
// turned out to be plain HTTP, come out of Accept.
type Listener struct {
	addr   net.Addr
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// NewListener returns a Listener that says it listens on addr.
func NewListener(addr net.Addr) *Listener {
	return &Listener{addr: addr, conns: make(chan net.Conn), closed: make(chan struct{})}
}

// ServeConn passes on a connection from which read has been read already. It waits for
// Accept, and closes the connection when the listener is closed.
func (l *Listener) ServeConn(nc net.Conn, read []byte) {
	select {
	case l.conns <- &replayConn{Conn: nc, first: read, unread: read}:
	case <-l.closed:
		nc.Close()
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

// replayConn is a connection whose first bytes are read a second time.
type replayConn struct {
	net.Conn
	first  []byte // what had been read: the request head, and perhaps more
	unread []byte // the rest of it that Read has not returned yet
}

func (c *replayConn) Read(p []byte) (int, error) {
	if len(c.unread) > 0 {
		n := copy(p, c.unread)
		c.unread = c.unread[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// CloseWrite lets net/http end a response without a reset when there is unread input.
func (c *replayConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return io.ErrClosedPipe
}

// request returns the first request as it arrived: net/http sorts and drops header fields.
func (c *replayConn) request() wsproto.Request {
	var head wsproto.Head
	n, _ := head.Scan(c.first) // the connection was hijacked after both had succeeded
	r, _ := wsproto.ParseRequest(c.first[:n])
	return r
}

// connKey is the key of a request's connection in its context.
type connKey struct{}

// ConnContext is the ConnContext of the http.Server that serves a Listener: the echo shows
// what arrived on the connection.
func ConnContext(ctx context.Context, nc net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, nc)
}
