package httpecho

import (
	"context"
	"net"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// Listener is a [net.Listener] in memory. Its Accept returns the connections that are
// passed to Deliver.
type Listener struct {
	addr     net.Addr
	conns    chan net.Conn
	closed   chan struct{}
	once     sync.Once
	requests requests
}

// NewListener returns a Listener that reports addr as its address.
func NewListener(addr net.Addr, limits Limits) *Listener {
	return &Listener{
		addr: addr, conns: make(chan net.Conn), closed: make(chan struct{}),
		requests: requests{
			Limits: limits, conns: map[*replayConn]struct{}{},
			processors: make(chan struct{}, min(max(1, runtime.GOMAXPROCS(0)/2), maxProcessors)),
		},
	}
}

// Admit admits a plain request, or returns why it is refused. Each admitted request needs a call
// of either Deliver or Release. At the limit, Admit makes room by dropping a request that is silent
// or slow.
func (l *Listener) Admit(r *wsproto.Request) *wsproto.HandshakeError {
	if refusal := validate(r); refusal != nil {
		return refusal
	}
	return l.requests.admit()
}

// Release ends an admission if the connection was lost before Deliver.
func (l *Listener) Release() {
	l.requests.mu.Lock()
	defer l.requests.mu.Unlock()
	l.requests.release()
}

// DropSlow drops the requests that are slow. It is called while memory is short.
func (l *Listener) DropSlow() { l.requests.dropSlow(time.Now()) }

// Deliver passes the connection of an admitted request to Accept, and waits until Accept
// takes it. read has already been read from the connection and is read again. client is the
// address of the client behind proxies, or "". If the listener is closed, Deliver closes the
// connection.
func (l *Listener) Deliver(nc net.Conn, read []byte, client string) {
	c := newReplayConn(nc, read, client, &l.requests)
	c.work()
	l.requests.add(c)
	if !c.parse(l.closed) {
		c.Close()
		return
	}
	select {
	case l.conns <- c:
	case <-l.closed:
		c.Close()
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

// connKey is the context key of a request's connection.
type connKey struct{}

// ConnContext must be the ConnContext of the [http.Server] that serves a Listener with
// [Handler]. It adds the connection to the context, from which the echo takes the bytes of
// the request.
func ConnContext(ctx context.Context, nc net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, nc)
}

// Attrs returns the attributes of a log line for the origin of a request.
func Attrs(r *http.Request) []any {
	if c, ok := r.Context().Value(connKey{}).(*replayConn); ok {
		return c.attrs()
	}
	return []any{"remote", r.RemoteAddr} // the request came to the health port
}
