//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// An attack is one way to overload a server.
type attack struct {
	name  string
	about string

	// How many hostile peers there are, or workers where connections come and go.
	full, short int

	env   []string // variables of the server that the attack is about
	files int      // RLIMIT_NOFILE of the server; 0 leaves it as it is

	// least is how long the attack lasts at least.
	least time.Duration

	// overload is set where the attack fills a limit that has been set for the server:
	// then newcomers may be refused with 503.
	overload bool

	// alone is set if the server has a limit that would make other attacks fail.
	alone bool

	// run returns after ctx is done, or earlier if it has nothing more to do. The error describes
	// the answer that was wrong.
	run func(s *siege, n int) error
}

const (
	setupSlots    = 64               // connections that are being made at a time
	dialTimeout   = 5 * time.Second  // of a hostile peer
	answerTimeout = 20 * time.Second // for an answer that an attack insists on
	sources       = 16               // addresses of hostile peers, from 127.0.0.2
	hostileBuffer = 64 << 10         // SO_SNDBUF of a hostile peer: what it costs is not the server's
)

// A siege is an attack that is going on. It owns the connections of the hostile peers.
type siege struct {
	ctx     context.Context
	target  *target
	ready   func() // called once, after the peers are connected
	slots   chan struct{}
	source  atomic.Uint32
	tried   atomic.Int64 // connections
	refused atomic.Int64 // of those: not made, or not upgraded

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	errs  []error
	over  bool
}

// newSiege makes a siege that ends all its connections when ctx is done.
func newSiege(ctx context.Context, t *target, ready func()) *siege {
	s := &siege{
		ctx: ctx, target: t, ready: sync.OnceFunc(ready),
		slots: make(chan struct{}, setupSlots), conns: map[net.Conn]struct{}{},
	}
	context.AfterFunc(ctx, s.end)
	return s
}

// end resets the connections that are left.
func (s *siege) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	for c := range s.conns {
		reset(c)
	}
	s.conns = nil
}

// keep takes a connection that was made.
func (s *siege) keep(c net.Conn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		reset(c)
		return context.Canceled
	}
	s.conns[c] = struct{}{}
	return nil
}

// leave forgets a connection that the caller ends.
func (s *siege) leave(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// drop resets a connection.
func (s *siege) drop(w *ws) {
	s.leave(tcp(w.Conn))
	reset(w.Conn)
}

// fail records a wrong answer, except after the end, which causes failures itself.
func (s *siege) fail(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over && len(s.errs) < 10 {
		s.errs = append(s.errs, fmt.Errorf(format, args...))
	}
}

// err returns what fail recorded.
func (s *siege) err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.errs...)
}

// raw opens a TCP connection.
func (s *siege) raw(o socketOptions) (*ws, error) {
	s.tried.Add(1)
	w, err := s.dial(o)
	if err != nil && s.ctx.Err() == nil {
		s.refused.Add(1)
	}
	return w, err
}

func (s *siege) dial(o socketOptions) (*ws, error) {
	select {
	case s.slots <- struct{}{}:
	case <-s.ctx.Done():
		return nil, s.ctx.Err()
	}
	defer func() { <-s.slots }()
	o.source = net.IPv4(127, 0, 0, byte(2+s.source.Add(1)%sources))
	o.connectTimeout = dialTimeout
	if o.sendBuffer == 0 {
		o.sendBuffer = hostileBuffer
	}
	c, err := s.target.dial(s.ctx, o)
	if err != nil {
		return nil, err
	}
	if err := s.keep(c); err != nil {
		return nil, err
	}
	return newWS(c), nil
}

// secure does the TLS handshake on a connection if the server speaks TLS.
func (s *siege) secure(w *ws) (*ws, error) {
	ctx, cancel := context.WithTimeout(s.ctx, answerTimeout)
	defer cancel()
	c, err := s.target.secure(ctx, w.Conn)
	if err != nil {
		s.drop(w)
		return nil, err
	}
	return newWS(c), nil
}

// connect opens a connection, with TLS if the server speaks it.
func (s *siege) connect(o socketOptions) (*ws, error) {
	w, err := s.raw(o)
	if err != nil {
		return nil, err
	}
	if w, err = s.secure(w); err != nil && s.ctx.Err() == nil {
		s.refused.Add(1)
	}
	return w, err
}

// upgrade opens a WebSocket.
func (s *siege) upgrade(o socketOptions, path string, fields ...string) (*ws, error) {
	w, err := s.connect(o)
	if err != nil {
		return nil, err
	}
	w.SetDeadline(time.Now().Add(answerTimeout))
	if err := w.upgrade(path, fields...); err != nil {
		if s.ctx.Err() == nil {
			s.refused.Add(1)
		}
		s.drop(w)
		return nil, err
	}
	w.SetDeadline(time.Time{})
	return w, nil
}

// crowd opens n connections with open, and runs act for each of them. The siege is ready
// when all are open. It returns after the last act.
func (s *siege) crowd(n int, open func() (*ws, error), act func(w *ws, i int)) {
	var opened, all sync.WaitGroup
	opened.Add(n)
	for i := range n {
		all.Go(func() {
			w, err := open()
			opened.Done()
			if err == nil {
				act(w, i)
			}
		})
	}
	opened.Wait()
	s.ready()
	all.Wait()
}

// crowdWS is crowd with WebSockets.
func (s *siege) crowdWS(n int, path string, fields []string, act func(w *ws, i int)) {
	s.crowd(n, func() (*ws, error) { return s.upgrade(socketOptions{}, path, fields...) }, act)
}

// workers runs n workers, each of which repeats its work until the end.
func (s *siege) workers(n int, do func(worker, round int)) {
	s.ready()
	var all sync.WaitGroup
	for worker := range n {
		all.Go(func() {
			for round := 0; s.ctx.Err() == nil; round++ {
				do(worker, round)
			}
		})
	}
	all.Wait()
}

// hold waits for the end.
func (s *siege) hold() { <-s.ctx.Done() }

// pause waits, and reports whether the siege goes on.
func (s *siege) pause(d time.Duration) bool {
	select {
	case <-s.ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// discard reads what the server sends, until the connection ends.
func discard(w *ws) {
	buffer := make([]byte, 64<<10)
	for {
		if _, err := w.r.Read(buffer); err != nil {
			return
		}
	}
}

// flood writes p again and again until the connection ends, and reads what comes back.
func flood(w *ws, p []byte) {
	go discard(w)
	pour(w, p)
}

// pour writes p again and again until the connection ends.
func pour(w io.Writer, p []byte) {
	for {
		if _, err := w.Write(p); err != nil {
			return
		}
	}
}

// drip writes p, a byte every dripInterval, until that fails or the siege ends.
func (s *siege) drip(w *ws, p []byte) {
	for i := range p {
		if _, err := w.Write(p[i : i+1]); err != nil || !s.pause(dripInterval) {
			return
		}
	}
}

// sub runs another attack in the small size, and takes its failures.
func (s *siege) sub(a attack, d time.Duration) {
	ctx, cancel := context.WithTimeout(s.ctx, d)
	defer cancel()
	part := newSiege(ctx, s.target, func() {})
	if err := a.run(part, a.short); err != nil {
		s.fail("%s: %w", a.name, err)
	}
	// An attack that ends at once must not make this a busy loop.
	select {
	case <-ctx.Done():
	case <-time.After(soakMin / 4):
	}
	s.tried.Add(part.tried.Load())
	s.refused.Add(part.refused.Load())
}
