package httpecho

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/wsproto"
)

const (
	// requestCost is what a plain request costs without its head and body: net/http's
	// buffers of 4 KiB, and the stacks of two goroutines. In bytes.
	requestCost = 28 << 10
	// headFactor is how often a head is held while its request is answered, besides as it
	// arrived: as net/http parsed it, and in the answer.
	headFactor = 3
	// silence is how long a request must have neither sent nor taken a byte before it makes
	// room for another.
	silence = time.Second
)

// Reasons for refusing a plain request.
const (
	ReasonMemory   wsproto.Reason = "memory"
	ReasonRequests wsproto.Reason = "requests"
)

// Limits are the limits of plain requests.
type Limits struct {
	MaxRequests int             // at a time; 0 is no limit
	MaxHealth   int             // for /healthz and /readyz, beyond MaxRequests
	Account     *budget.Account // of the memory that they hold; may be nil
	Log         *slog.Logger
	// Leave is called before a connection is closed whose peer may not have taken the
	// response; it may be nil.
	Leave func(net.Conn)
}

// requests are the plain requests that are being served.
type requests struct {
	Limits
	mu       sync.Mutex
	admitted int // served, or on their way to Deliver
	conns    map[*replayConn]struct{}
}

// admit counts a request in, or returns why it is refused.
func (r *requests) admit(health bool) *wsproto.HandshakeError {
	limit := r.MaxRequests
	if health {
		limit += r.MaxHealth
	} else if r.Account.Pressure() >= budget.Refuse {
		return unavailable(ReasonMemory, memoryText(r.Account))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.MaxRequests > 0 && r.admitted >= limit && !r.dropSilent() {
		return unavailable(ReasonRequests, fmt.Sprintf("this server has reached MAX_REQUESTS=%d; try again later", r.MaxRequests))
	}
	r.admitted++
	r.Account.Add(budget.Requests, requestCost)
	return nil
}

// release counts a request out.
func (r *requests) release() {
	r.admitted--
	r.Account.Add(budget.Requests, -requestCost)
}

// add begins to serve an admitted request.
func (r *requests) add(c *replayConn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns[c] = struct{}{}
	r.Account.Add(budget.Requests, c.headCost())
}

// remove ends a request. It may be called more than once.
func (r *requests) remove(c *replayConn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, here := r.conns[c]; here {
		delete(r.conns, c)
		r.Account.Add(budget.Requests, -c.headCost())
		r.release()
	}
}

// dropSilent closes the connection that has been silent longest. It reports whether there
// was one.
func (r *requests) dropSilent() bool {
	var oldest *replayConn
	first := time.Now().Add(-silence).UnixNano()
	for c := range r.conns {
		if at := c.active.Load(); at < first {
			oldest, first = c, at
		}
	}
	if oldest == nil {
		return false
	}
	r.Log.Info("request dropped", append(oldest.attrs(),
		"why", fmt.Sprintf("MAX_REQUESTS=%d is reached, and this request was silent longest", r.MaxRequests))...)
	delete(r.conns, oldest)
	r.Account.Add(budget.Requests, -oldest.headCost())
	r.release()
	r.leave(oldest)
	abort(oldest.Conn)
	return true
}

// leave is called before a connection is closed.
func (r *requests) leave(c *replayConn) {
	if r.Leave != nil {
		r.Leave(c.Conn)
	}
}

// unavailable returns the refusal of a request that may be tried again.
func unavailable(reason wsproto.Reason, text string) *wsproto.HandshakeError {
	e := wsproto.Refuse(http.StatusServiceUnavailable, reason, "%s", text)
	e.Log = text // which has nothing of the client
	e.Fields = []wsproto.Field{{Name: "Retry-After", Value: retryAfter}}
	return e
}

// replayConn is a connection whose first bytes are read a second time.
type replayConn struct {
	net.Conn
	first  []byte // what had been read: the request head, and perhaps more
	unread []byte // the rest of it that Read has not returned yet
	client string // the address of the client behind proxies, or ""

	requests *requests    // that this connection is one of
	active   atomic.Int64 // when a byte last came or went, in Unix nanoseconds
}

// attrs returns the attributes of a log line that tell where the connection comes from.
func (c *replayConn) attrs() []any {
	if c.client == "" {
		return []any{"remote", c.RemoteAddr().String()}
	}
	return []any{"remote", c.RemoteAddr().String(), "client", c.client}
}

// touch notes that a byte came or went.
func (c *replayConn) touch() { c.active.Store(time.Now().UnixNano()) }

// headCost is what the request costs besides requestCost, in bytes.
func (c *replayConn) headCost() int64 {
	return int64(len(c.first) + headFactor*min(len(c.first), wsproto.MaxHead))
}

func (c *replayConn) Read(p []byte) (int, error) {
	if len(c.unread) > 0 {
		n := copy(p, c.unread)
		c.unread = c.unread[n:]
		return n, nil
	}
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.touch()
	}
	return n, err
}

func (c *replayConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if n > 0 {
		c.touch()
	}
	return n, err
}

// RemoteAddr returns the address of the other end. That of a Unix socket's client has no name.
func (c *replayConn) RemoteAddr() net.Addr {
	addr := c.Conn.RemoteAddr()
	if _, is := addr.(*net.UnixAddr); is {
		return &net.UnixAddr{Name: "unix", Net: "unix"}
	}
	return addr
}

// Close closes the connection and makes room for another request.
func (c *replayConn) Close() error {
	defer c.requests.remove(c)
	c.requests.leave(c)
	return c.Conn.Close()
}

// abort closes a connection without waiting for its peer, as closing TLS does.
func abort(nc net.Conn) {
	if over, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = over.NetConn()
	}
	nc.Close()
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
