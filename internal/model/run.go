package model

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"time"
)

// A Server is a server to run programs against, and what is known about its configuration.
type Server struct {
	Dial        func(slow bool) (net.Conn, error) // slow is for a client that reads slowly
	Compression string                            // the value of COMPRESSION
	MaxMessage  uint64                            // in bytes; 0 is no limit
	Goodbye     string
	// Impatient is a server whose CLOSE_TIMEOUT is short. It may end a connection at any time
	// after its own close frame. A client that is still sending by then sees a reset, which
	// may destroy what it has not read.
	Impatient bool
	// Drain begins the shutdown. It returns when that has begun.
	Drain func()
}

// A Result is the outcome of a program.
type Result struct {
	Diff    string // how the server differs from the model; empty is not at all
	Visited []Transition
}

const (
	// slowRead is for how long a slow reader does not read.
	slowRead = 20 * time.Millisecond
	nap      = 100 * time.Microsecond
)

// Run runs a program. patience is how long the whole of it may take.
func Run(s *Server, p *Program, patience time.Duration) Result {
	nc, err := s.Dial(p.SlowRead)
	if err != nil {
		return Result{Diff: fmt.Sprintf("no connection: %v", err)}
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(patience))
	c := &client{server: s, program: p, nc: nc, stream: p.stream(), changed: make(chan struct{}, 1)}
	c.head = len(p.Handshake.request())
	done := make(chan struct{})
	go func() { c.read(); close(done) }()
	diff := c.run()
	nc.Close()
	<-done
	return Result{Diff: diff, Visited: c.visited()}
}

// client is a client that runs a program.
type client struct {
	server  *Server
	program *Program
	nc      net.Conn
	stream  []byte
	head    int // length of the request
	sent    int
	fin     bool
	replied bool // the client has answered the server's close frame
	drained int  // bytes of the stream that were sent before the drain; 0 is no drain

	cached    *Expectation
	cachedFor [2]int // sent and drained, of which cached was worked out; fin comes after these

	mu       sync.Mutex
	received []byte
	err      error         // why there is no more; io.EOF is the regular end
	changed  chan struct{} // has an element when received or err have changed
}

// read reads until the end.
func (c *client) read() {
	if c.program.SlowRead {
		time.Sleep(slowRead)
	}
	buffer := make([]byte, 64<<10)
	for {
		n, err := c.nc.Read(buffer)
		c.mu.Lock()
		c.received = append(c.received, buffer[:n]...)
		c.err = err
		c.mu.Unlock()
		select {
		case c.changed <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// run writes the stream, cut by cut, and then does what the end of the program asks for.
func (c *client) run() (diff string) {
	cuts := append(slices.Clone(c.program.Cuts), Cut{At: len(c.stream)})
	for _, cut := range cuts {
		if at := min(cut.At, len(c.stream)); at > c.sent {
			_, err := c.nc.Write(c.stream[c.sent:at])
			c.sent = at
			if err != nil { // the server has ended, which is compared below, or takes nothing
				c.sent = len(c.stream)
				break
			}
		}
		switch cut.Pause {
		case Nap:
			time.Sleep(nap)
		case Drain:
			if c.sent < c.head || c.drained > 0 {
				continue
			}
			if diff := c.await(); diff != "" {
				return diff
			}
			c.server.Drain()
			c.drained = c.sent
		case Await:
			if c.drained > 0 || c.program.SlowRead {
				continue
			}
			if diff := c.await(); diff != "" {
				return diff
			}
		}
	}
	if c.program.End == Abort {
		return c.abort()
	}
	return c.end()
}

// end brings the connection to its end.
func (c *client) end() (diff string) {
	if c.program.Handshake.Refusal == "" {
		if diff := c.awaitResponse(); diff != "" {
			return diff
		}
	}
	x := c.expect()
	fin := c.program.Handshake.Refusal == endsEarly
	switch {
	case x == nil, x.end == endEnded:
	case x.end == endOpen && !x.drained, c.program.End == HalfClose:
		fin = true
	default:
		if diff := c.await(); diff != "" { // the server's close frame
			return diff
		}
		switch {
		case c.program.End == Silent && c.server.Impatient:
		case x.boundary:
			c.replied = true
			reply := Frame{First: finBit | opClose, Payload: "\x03\xe8"}
			c.nc.Write(reply.append(nil)) // an error means that the server has ended
		default:
			fin = true
		}
	}
	if fin {
		c.fin, c.cached = true, nil
		c.nc.(interface{ CloseWrite() error }).CloseWrite() // an error, too
	}
	for {
		over := c.over()
		if diff, _ := c.compare(); diff != "" || over {
			return diff
		}
		<-c.changed
	}
}

// awaitResponse waits for the head of the response to a good request.
func (c *client) awaitResponse() (diff string) {
	for {
		diff, _ := c.compare()
		if diff != "" || c.expect() != nil {
			return diff
		}
		<-c.changed
	}
}

// abort resets the connection.
func (c *client) abort() (diff string) {
	diff, _ = c.compare()
	nc := overTCP(c.nc)
	nc.SetLinger(0)
	nc.Close()
	return diff
}

// overTCP returns what a TLS connection runs over, or the connection itself.
func overTCP(nc net.Conn) *net.TCPConn {
	if tls, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = tls.NetConn()
	}
	return nc.(*net.TCPConn)
}

// await waits until all has been read that answers what has been sent.
func (c *client) await() (diff string) {
	for {
		diff, missing := c.compare()
		if diff != "" || missing == "" {
			return diff
		}
		<-c.changed
	}
}

func (c *client) over() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err != nil
}

// expect returns what is to be read after the head of the response, or nil as long as
// that is not known.
func (c *client) expect() *Expectation {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.expectLocked()
}

func (c *client) expectLocked() *Expectation {
	if key := [2]int{c.sent, c.drained}; c.cached == nil || c.cachedFor != key {
		c.cached, c.cachedFor = c.workOut(), key
	}
	return c.cached
}

// workOut is expect without what is cached.
func (c *client) workOut() *Expectation {
	if c.program.Handshake.Refusal != "" || c.sent < c.head {
		return nil
	}
	r, n, err := cutResponse(c.received)
	if n == 0 || err != nil || r.status != 101 {
		return nil
	}
	params, err := c.program.Handshake.accept(&r, c.server.Compression)
	if err != nil {
		return nil
	}
	session := Session{Deflate: params, MaxMessage: c.server.MaxMessage, Goodbye: c.server.Goodbye}
	x := expect(session, c.stream[c.head:c.sent], c.fin)
	if c.drained > 0 {
		before := expect(session, c.stream[c.head:c.drained], false)
		n := len(before.items)
		for n > 0 && !before.items[n-1].mandatory() {
			n--
		}
		x.drained, x.drainFrom = true, n
		if before.end == endOpen {
			x.visited = append(x.visited, Transition{before.state, "drain"})
		}
	}
	return x
}

// compare compares what has been received with what is to be. missing is what has to come
// and has not.
func (c *client) compare() (diff, missing string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.program.Handshake.Refusal != "" {
		return c.compareRefusal()
	}
	if c.sent < c.head || len(c.received) == 0 {
		switch {
		case len(c.received) > 0:
			return c.failed("the server sends %.40q before the request is complete", c.received), ""
		case c.err != nil:
			return c.failed("the server does not answer the request: %v", c.err), ""
		case c.sent < c.head:
			return "", ""
		}
		return "", "the response"
	}
	r, n, err := cutResponse(c.received)
	switch {
	case err != nil:
		return c.failed("the server sends %v", err), ""
	case n == 0 && c.err != nil:
		return c.failed("the server sends %.100q and ends: %v", c.received, c.err), ""
	case n == 0:
		return "", "the rest of the response"
	case r.status != 101:
		return c.failed("the server refuses a good request: %q", c.received), ""
	}
	if _, err := c.program.Handshake.accept(&r, c.server.Compression); err != nil {
		return c.failed("%v", err), ""
	}
	return c.compareFrames(&matcher{Expectation: c.expectLocked()}, c.received[n:])
}

// compareRefusal is compare for a request that must be refused.
func (c *client) compareRefusal() (diff, missing string) {
	if len(c.received) > 0 || c.err != nil {
		more, diff := c.program.Handshake.checkRefusal(c.received)
		switch {
		case diff != "":
			return c.failed("%s", diff), ""
		case more && c.err != nil, c.err != nil && c.err != io.EOF:
			return c.failed("a refusal of %d bytes ends with %v", len(c.received), c.err), ""
		case !more:
			return "", ""
		}
	}
	if c.sent < c.head || c.program.Handshake.Refusal == endsEarly && !c.fin {
		return "", ""
	}
	return "", "the refusal"
}

// compareFrames compares frames with what m expects.
func (c *client) compareFrames(m *matcher, p []byte) (diff, missing string) {
	for {
		f, n, err := cutFrame(p)
		if err != nil {
			return c.failed("the server sends %v", err), ""
		}
		if n == 0 {
			break
		}
		if diff := m.next(f); diff != "" {
			return c.failed("%s", diff), ""
		}
		p = p[n:]
	}
	missing = m.missing()
	closed := m.finished || m.end != endOpen
	switch {
	case c.err == nil:
		return "", missing
	case errors.Is(c.err, os.ErrDeadlineExceeded):
		if missing == "" {
			missing = "the end"
		}
		return c.failed("the server does not go on; missing: %s", missing), ""
	case c.server.Impatient && c.err != io.EOF && (c.drained > 0 || closed):
		return "", ""
	case len(p) > 0:
		return c.failed("the server ends within a frame, after %.40x: %v", p, c.err), ""
	case missing != "":
		return c.failed("the server ends (%v); missing: %s", c.err, missing), ""
	case c.server.Impatient && closed:
		return "", ""
	case c.err != io.EOF:
		return c.failed("the server ends with %v", c.err), ""
	case !c.fin && !c.replied && !m.finished && m.end != endEnded:
		return c.failed("the server ends while it is the client's turn"), ""
	}
	return "", ""
}

// failed completes the description of a difference.
func (c *client) failed(format string, args ...any) string {
	return fmt.Sprintf(format, args...) + fmt.Sprintf(" (%d of %d bytes are sent, %d received)", c.sent, len(c.stream), len(c.received))
}

// visited returns the transitions that the program has made.
func (c *client) visited() []Transition {
	if name := c.program.Handshake.Refusal; name != "" {
		return []Transition{{"handshake", name}}
	}
	x := c.expect()
	if x == nil {
		return nil
	}
	r, _, _ := cutResponse(c.received)
	visited := append(x.visited, Transition{"handshake", "101"})
	if r.fields["sec-websocket-extensions"] != nil {
		visited = append(visited, Transition{"handshake", "101 with permessage-deflate"})
	}
	if r.fields["sec-websocket-protocol"] != nil {
		visited = append(visited, Transition{"handshake", "101 with a subprotocol"})
	}
	return visited
}
