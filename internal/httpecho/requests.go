package httpecho

import (
	"fmt"
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
	// headFactor is how many times the size of its head a request takes while it is answered,
	// in addition to the head itself: for net/http's fields, and for the answer.
	headFactor = 3
	// maxProcessors is the most processors for plain requests, beyond which they would hold much memory.
	maxProcessors = 4
	// silence is the time without a byte in either direction after which a request may be
	// dropped for another.
	silence = time.Second
	// slowAfter is the time after which a request counts as slow if fewer than slowRate bytes a
	// second have come and gone since its head. Otherwise a client could keep its place for good
	// with a byte a second.
	slowAfter = 10 * time.Second
	slowRate  = 1 << 10
)

// Reasons for refusing a plain request.
const (
	ReasonMemory   wsproto.Reason = "memory"
	ReasonRequests wsproto.Reason = "requests"
)

// Limits are the limits of plain requests.
type Limits struct {
	MaxRequests int             // at a time; 0 is no limit
	Health      http.Handler    // answers /healthz and /readyz, briefly and without waiting
	Account     *budget.Account // of the memory that they hold
	Log         *slog.Logger
	// Logs reports whether a request that is dropped may be logged.
	Logs func() bool
	// Leave is called before a connection is closed whose peer may not have taken the response.
	Leave func(net.Conn)
}

// requests are the plain requests that are being served.
type requests struct {
	Limits
	// processors has a value for each request that is being parsed by net/http or whose answer is being
	// composed. Neither waits for the client. With a long head, both take milliseconds, so they get half
	// of the processors at most, and loops and TLS handshakes the others.
	processors chan struct{}
	mu         sync.Mutex
	admitted   int // served, or on their way to Deliver
	conns      map[*replayConn]struct{}
}

// admit counts a request, or returns why it is refused.
func (r *requests) admit() *wsproto.HandshakeError {
	if r.Account.Pressure() >= budget.Refuse {
		return unavailable(ReasonMemory, memoryText(r.Account))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.MaxRequests > 0 && r.admitted >= r.MaxRequests && !r.makeRoom(time.Now()) {
		return unavailable(ReasonRequests, fmt.Sprintf("this server has reached MAX_REQUESTS=%d; try again later", r.MaxRequests))
	}
	r.admitted++
	r.Account.Add(budget.Requests, requestCost)
	return nil
}

// release stops counting a request.
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

// makeRoom drops the request that has been silent longest or, if none is silent, the slowest. It
// drops none that waits for the server. It reports whether there was one to drop.
func (r *requests) makeRoom(now time.Time) bool {
	var chosen *replayConn
	longest := silence
	for c := range r.conns {
		if silent := c.silent(now); silent > longest && !c.working.Load() {
			chosen, longest = c, silent
		}
	}
	if chosen != nil {
		r.drop(chosen, fmt.Sprintf("MAX_REQUESTS=%d is reached, and this request was silent longest", r.MaxRequests))
		return true
	}
	least := float64(slowRate)
	for c := range r.conns {
		if rate, slow := c.slow(now); slow && rate <= least {
			chosen, least = c, rate
		}
	}
	if chosen == nil {
		return false
	}
	r.drop(chosen, fmt.Sprintf("MAX_REQUESTS=%d is reached, and this request was the slowest", r.MaxRequests))
	return true
}

// dropSlow drops all requests that are slow.
func (r *requests) dropSlow(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		if _, slow := c.slow(now); slow {
			r.drop(c, fmt.Sprintf("MEMORY_LIMIT=%d is close, and this request was slow", r.Account.Limit()))
		}
	}
}

// drop closes the connection of a request, and logs why.
func (r *requests) drop(c *replayConn, why string) {
	if r.Logs() {
		r.Log.Info("request dropped", append(c.attrs(), "why", why)...)
	}
	delete(r.conns, c)
	r.Account.Add(budget.Requests, -c.headCost())
	r.release()
	r.Leave(c.Conn)
	abort(c.Conn)
}

// unavailable returns the refusal of a request that may be tried again.
func unavailable(reason wsproto.Reason, text string) *wsproto.HandshakeError {
	e := wsproto.Refuse(http.StatusServiceUnavailable, reason, "%s", text)
	e.Log = text // it quotes nothing from the client
	e.Fields = []wsproto.Field{{Name: "Retry-After", Value: retryAfter}}
	return e
}

// replayConn is a connection whose first bytes are read a second time.
type replayConn struct {
	net.Conn
	first  []byte // what had been read: the request head, and perhaps more
	unread []byte // the part of it that Read has not returned yet
	head   int    // how long the head is, at the beginning of first
	client string // the address of the client behind proxies, or ""

	requests *requests // that this connection is one of
	began    time.Time
	working  atomic.Bool  // it waits for the server
	parsing  atomic.Bool  // it has a value in requests.processors because it is being parsed
	active   atomic.Int64 // when a byte last came or went, or when it last waited for the server, in nanoseconds since it began
	moved    atomic.Int64 // bytes that came or went after the first ones
}

// newReplayConn returns a connection that begins now.
func newReplayConn(nc net.Conn, read []byte, client string, requests *requests) *replayConn {
	unread := wsproto.TrimEmptyLines(read) // net/http refuses empty lines
	var head wsproto.Head
	n, _ := head.Scan(read) // the connection was hijacked after that had succeeded
	return &replayConn{Conn: nc, first: read, unread: unread, head: n, client: client, requests: requests, began: time.Now()}
}

// parse waits until net/http may parse the request. It reports false if closed is closed first.
func (c *replayConn) parse(closed <-chan struct{}) bool {
	select {
	case c.requests.processors <- struct{}{}:
		c.parsing.Store(true)
		return true
	case <-closed:
		return false
	}
}

// parsed notes that net/http has parsed the request, or given up. It may be called more than once.
func (c *replayConn) parsed() {
	if c.parsing.Swap(false) {
		<-c.requests.processors
	}
}

// work notes that the request waits for the server.
func (c *replayConn) work() { c.working.Store(true) }

// rest notes that it no longer does.
func (c *replayConn) rest() {
	c.act()
	c.working.Store(false)
}

// act notes that the request is not silent.
func (c *replayConn) act() { c.active.Store(int64(time.Since(c.began))) }

// silent returns for how long no byte has come or gone. Setting the system's clock changes nothing.
func (c *replayConn) silent(now time.Time) time.Duration {
	return now.Sub(c.began) - time.Duration(c.active.Load())
}

// slow returns how many bytes a second have come and gone, and reports whether the request is slow.
func (c *replayConn) slow(now time.Time) (rate float64, slow bool) {
	age := now.Sub(c.began)
	rate = float64(c.moved.Load()) / age.Seconds()
	return rate, age >= slowAfter && rate < slowRate && !c.working.Load()
}

// attrs returns the attributes of a log line for the origin of the connection.
func (c *replayConn) attrs() []any {
	if c.client == "" {
		return []any{"remote", c.RemoteAddr().String()}
	}
	return []any{"remote", c.RemoteAddr().String(), "client", c.client}
}

// note notes that n bytes came or went.
func (c *replayConn) note(n int) {
	if n > 0 {
		c.act()
		c.moved.Add(int64(n))
	}
}

// headCost is what the request costs besides requestCost, in bytes.
func (c *replayConn) headCost() int64 {
	return int64(len(c.first) + headFactor*c.head)
}

func (c *replayConn) Read(p []byte) (int, error) {
	if len(c.unread) > 0 {
		n := copy(p, c.unread)
		c.unread = c.unread[n:]
		return n, nil
	}
	n, err := c.Conn.Read(p)
	c.note(n)
	return n, err
}

func (c *replayConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.note(n)
	return n, err
}

// RemoteAddr returns the address of the other end. A client of a Unix socket has none, and gets
// the name "unix".
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
	c.parsed()
	c.requests.Leave(c.Conn)
	return c.Conn.Close()
}

// abort closes TCP. Closing TLS would wait for the peer to take an alert.
func abort(nc net.Conn) {
	if over, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = over.NetConn()
	}
	nc.Close()
}

// CloseWrite is for net/http.
func (c *replayConn) CloseWrite() error { return CloseWrite(c.Conn) }

// CloseWrite ends the sending side of a connection. A net.Conn around another needs it, because
// net/http otherwise ends a response with a reset when there is unread input.
func CloseWrite(nc net.Conn) error {
	if half, ok := nc.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return net.ErrClosed
}

// request returns the first request as it arrived: net/http sorts and drops header fields.
func (c *replayConn) request() wsproto.Request {
	r, _ := wsproto.ParseRequest(c.first[:c.head]) // the connection was hijacked after that had succeeded
	return r
}
