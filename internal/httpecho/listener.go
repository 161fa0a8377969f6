package httpecho

import (
	"context"
	"io"
	"net"
	"sync"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// Listener is a [net.Listener] in memory. Its Accept returns the connections that are
// passed to Deliver.
type Listener struct {
	addr   net.Addr
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// NewListener returns a Listener that reports addr as its address.
func NewListener(addr net.Addr) *Listener {
	return &Listener{addr: addr, conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Deliver passes a connection to Accept, and waits until Accept takes it. read has
// already been read from the connection and is read again. If the listener is closed,
// Deliver closes the connection.
func (l *Listener) Deliver(nc net.Conn, read []byte) {
	select {
	case l.conns <- &replayConn{Conn: nc, first: read, unread: read}:
	case <-l.closed:
		nc.Close()
	}
}

// Accept waits for the next connection.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case nc := <-l.conns:
		return nc, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close makes Accept and Deliver fail. Accepted connections stay open.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr returns the address given to NewListener.
func (l *Listener) Addr() net.Addr { return l.addr }

// replayConn is a connection whose first bytes are read again.
type replayConn struct {
	net.Conn
	first  []byte // the bytes already read: the request head, and perhaps more
	unread []byte // the end of first that Read has not returned yet
}

func (c *replayConn) Read(p []byte) (int, error) {
	if len(c.unread) > 0 {
		n := copy(p, c.unread)
		c.unread = c.unread[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// CloseWrite ends the sending side. net/http calls it so that closing with input unread
// does not reset the connection before the client has read the response.
func (c *replayConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return io.ErrClosedPipe
}

// request returns the first request as it arrived. net/http loses the order, the case and
// some of the header fields.
func (c *replayConn) request() wsproto.Request {
	var head wsproto.Head
	n, _ := head.Scan(c.first) // cannot fail: the connection was hijacked after both had succeeded
	r, _ := wsproto.ParseRequest(c.first[:n])
	return r
}

// connKey is the context key of a request's connection.
type connKey struct{}

// ConnContext must be the ConnContext of the [http.Server] that serves a Listener with
// [Handler]. It adds the connection to the context, from which the echo takes the bytes of
// the request.
func ConnContext(ctx context.Context, nc net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, nc)
}
