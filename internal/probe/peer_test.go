package probe

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

// A peer is an echo server in memory, faithful but for its faults. Its connections, clock and
// goroutines belong to the test's bubble.
type peer struct {
	t       *testing.T
	started time.Time

	// Faults and other properties of a server. Those that are nil or 0 are off.
	refuse      func(w http.ResponseWriter, r *http.Request) bool // responds instead of the peer, if it returns true
	unsolicited string                                            // sent on each new connection
	quirk       func(f frame) []frame                             // replaces an echo
	close       func(f frame) []frame                             // replaces a close frame
	lenient     bool                                              // accepts protocol violations
	pong        func(f frame) []frame                             // replaces a pong
	lingers     bool                                              // does not close TCP
	subprotocol func(offered string) string                       // selects one
	deflate     string                                            // extension in the response; compressed messages are echoed as they are
	rewrite     func(r *http.Request)                             // changes the request before it arrives, as a proxy does
	hide        string                                            // a field that is removed from the response
	controls    bool                                              // supports echosvc controls
	pod         string
	delay       time.Duration // before an echo
	cutAfter    time.Duration // closes TCP if the client is silent this long, as a proxy does
	forgetAfter time.Duration // stops answering if the client is silent this long
	pingEvery   time.Duration
	sendAway    time.Duration   // closes with 1001 after this time
	rollouts    []time.Duration // when it closes all connections with 1001, after serve

	conns    chan net.Conn
	handlers sync.WaitGroup
	open     atomic.Int32 // connections
}

// serve starts the peer and returns a target that reaches it.
func (p *peer) serve(t *testing.T) *Target {
	t.Helper()
	p.t, p.conns, p.started = t, make(chan net.Conn), time.Now()
	server := &http.Server{Handler: p}
	done := make(chan struct{})
	l := &memoryListener{p.conns, make(chan struct{})}
	go func() { defer close(done); server.Serve(l) }()
	t.Cleanup(func() {
		server.Close()
		<-done
		synctest.Wait() // no more handlers start
		p.handlers.Wait()
	})
	target, err := NewTarget("ws://peer.example/")
	if err != nil {
		t.Fatal(err)
	}
	target.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		client, server := net.Pipe()
		select {
		case p.conns <- server:
			return client, nil
		case <-l.closed:
			return nil, net.ErrClosed
		}
	}
	return target
}

// A memoryListener accepts the connections of a peer's clients.
type memoryListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l *memoryListener) Close() error   { close(l.closed); return nil }
func (l *memoryListener) Addr() net.Addr { return &net.TCPAddr{} }

func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.refuse != nil && p.refuse(w, r) {
		return
	}
	key := r.Header.Get("Sec-WebSocket-Key")
	if p.rewrite != nil {
		p.rewrite(r)
	}
	nc, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		p.t.Error(err)
		return
	}
	defer nc.Close()
	response := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Peer: memory\r\nSec-WebSocket-Accept: " + acceptKey(key) + "\r\n"
	if offered := r.Header.Get("Sec-WebSocket-Protocol"); offered != "" && p.subprotocol != nil {
		if selected := p.subprotocol(offered); selected != "" && p.hide != "Sec-WebSocket-Protocol" {
			response += "Sec-WebSocket-Protocol: " + selected + "\r\n"
		}
	}
	deflate := p.deflate != "" && r.Header.Get("Sec-WebSocket-Extensions") != ""
	if deflate && p.hide != "Sec-WebSocket-Extensions" {
		response += "Sec-WebSocket-Extensions: " + p.deflate + "\r\n"
	}
	nc.Write([]byte(response + "\r\n"))
	c := &peerConn{peer: p, nc: nc, r: buffered.Reader, deflate: deflate, out: make(chan []byte, 100), over: make(chan struct{})}
	p.open.Add(1)
	defer p.open.Add(-1)
	p.handlers.Add(1)
	defer p.handlers.Done()
	go c.write()
	c.talk(r)
	close(c.out)
	<-c.over
}

// A peerConn is a connection of a peer.
type peerConn struct {
	*peer
	nc       net.Conn
	r        *bufio.Reader
	deflate  bool
	out      chan []byte
	over     chan struct{}
	messages int
	opcode   byte // of the unfinished message; 0 if none
	rsv      byte // of its first frame
	text     []byte
}

// write sends what is queued. It runs in a goroutine of its own, because a pipe has no buffer.
func (c *peerConn) write() {
	defer close(c.over)
	for p := range c.out {
		c.nc.Write(p)
	}
}

func (c *peerConn) send(frames ...frame) {
	for _, f := range frames {
		c.out <- f.bytes()
	}
}

// talk reads and answers frames until the connection ends.
func (c *peerConn) talk(r *http.Request) {
	query := r.URL.Query()
	if c.controls && query.Has("greet") {
		greeting, _ := json.Marshal(map[string]any{"pod": c.pod, "version": "test", "request": "GET " + r.RequestURI + " HTTP/1.1", "headers": fieldsOf(r)})
		c.send(frame{fin: true, opcode: 1, payload: greeting})
	}
	if c.unsolicited != "" {
		c.send(frame{fin: true, opcode: 1, payload: []byte(c.unsolicited)})
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(stop)
	if c.pingEvery > 0 && !(c.controls && query.Get("ping") == "0") {
		wg.Go(func() {
			for elapsed(c.pingEvery, stop) {
				c.send(frame{fin: true, opcode: 9})
			}
		})
	}
	for _, after := range c.rollouts {
		if until := time.Until(c.started.Add(after)); until > 0 {
			wg.Go(func() {
				if elapsed(until, stop) {
					c.send(closeFrameOf(1001, "the server is shutting down"))
				}
			})
		}
	}
	if c.sendAway > 0 {
		wg.Go(func() {
			if elapsed(c.sendAway, stop) {
				c.send(closeFrameOf(1001, "the server is shutting down"))
			}
		})
	}
	last := time.Now()
	for {
		if c.cutAfter > 0 {
			c.nc.SetReadDeadline(time.Now().Add(c.cutAfter))
		}
		f, err := readFrame(c.r)
		if err != nil {
			return
		}
		if c.forgetAfter > 0 && time.Since(last) > c.forgetAfter {
			io.Copy(io.Discard, c.r) // until the client closes
			return
		}
		last = time.Now()
		if code := c.violation(f); code != 0 && !c.lenient {
			c.end(closeFrameOf(code, "protocol violation"))
			return
		}
		switch {
		case f.opcode == 8:
			reply := []frame{f}
			if c.close != nil {
				reply = c.close(f)
			}
			c.end(reply...)
			return
		case f.opcode == 9:
			pong := frame{fin: true, opcode: 10, payload: f.payload}
			if c.pong != nil {
				c.send(c.pong(pong)...)
			} else {
				c.send(pong)
			}
		case f.opcode < 3:
			time.Sleep(c.delay)
			if c.quirk != nil {
				c.send(c.quirk(f)...)
			} else {
				c.send(f)
			}
			if f.fin {
				c.messages++
			}
			if c.controls && query.Get("close_after") == strconv.Itoa(c.messages) {
				code, _ := strconv.Atoi(query.Get("close_code"))
				c.send(closeFrameOf(code, query.Get("close_reason")))
			}
		}
	}
}

// elapsed waits for d. It returns false if stop is closed first.
func elapsed(d time.Duration, stop chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-stop:
		return false
	}
}

// end sends the last frames. The connection is closed after them, unless the peer lingers.
func (c *peerConn) end(frames ...frame) {
	c.send(frames...)
	if c.lingers {
		io.Copy(io.Discard, c.r)
	}
}

// violation returns the close code that a frame calls for; 0 for none.
func (c *peerConn) violation(f frame) int {
	compressed := c.deflate && f.rsv == 4
	control := f.opcode >= 8
	switch {
	case !f.masked, f.rsv != 0 && !compressed, f.opcode > 2 && f.opcode < 8 || f.opcode > 10,
		control && (!f.fin || len(f.payload) > 125), f.opcode == 0 && c.opcode == 0,
		!control && f.opcode != 0 && c.opcode != 0, f.opcode == 8 && len(f.payload) == 1,
		f.opcode == 8 && len(f.payload) > 1 && f.payload[0] == 3 && f.payload[1] == 0xed: // 1005
		return 1002
	case f.opcode == 8 && len(f.payload) > 2 && !utf8.Valid(f.payload[2:]):
		return 1007
	case control:
		return 0
	}
	if f.opcode != 0 {
		c.opcode, c.rsv, c.text = f.opcode, f.rsv, nil
	}
	c.text = append(c.text, f.payload...)
	wrong := f.fin && c.opcode == 1 && c.rsv == 0 && !utf8.Valid(c.text)
	if f.fin {
		c.opcode = 0
	}
	if wrong {
		return 1007
	}
	return 0
}

// fieldsOf returns the header fields of a request.
func fieldsOf(r *http.Request) []Field {
	fields := []Field{{"Host", r.Host}}
	for name, values := range r.Header {
		for _, value := range values {
			fields = append(fields, Field{name, value})
		}
	}
	return fields
}

// first selects the subprotocol that is offered first.
func first(offered string) string {
	name, _, _ := strings.Cut(offered, ",")
	return name
}

// run calls do with a target for the peer, and returns the emitted checks by name.
func (p *peer) run(t *testing.T, do func(ctx context.Context, target *Target, emit func(Check))) map[string]Check {
	t.Helper()
	target := p.serve(t)
	checks := map[string]Check{}
	do(t.Context(), target, func(c Check) {
		if _, twice := checks[c.Name]; twice {
			t.Errorf("%q is reported twice", c.Name)
		}
		checks[c.Name] = c
	})
	return checks
}

// expect compares a check's verdict, and looks for a text in its detail.
func expect(t *testing.T, checks map[string]Check, name string, verdict Verdict, detail string) {
	t.Helper()
	c, found := checks[name]
	switch {
	case !found:
		t.Errorf("%s: no such check", name)
	case c.Verdict != verdict || !strings.Contains(c.Detail, detail):
		t.Errorf("%s: %s, %q; want %s, %q", name, c.Verdict, c.Detail, verdict, detail)
	}
}

// status returns a refuse function that responds with a status and a body.
func status(code int, body string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(code)
		fmt.Fprint(w, body)
		return true
	}
}
