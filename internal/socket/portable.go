package socket

import (
	"errors"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Portable is a driver with one goroutine a connection, over net.Conn. Its methods may
// be called from anywhere but a Handler.
type Portable struct {
	config Config
	pool   *Pool

	mu    sync.Mutex
	conns map[*portableConn]struct{}
	cut   bool // no connection is served any more
	wait  sync.WaitGroup
}

// NewPortable returns a driver that serves nothing yet.
func NewPortable(config Config) *Portable {
	return &Portable{config: config, pool: NewPool(smallBuffer, mediumBuffer, config.Buffer), conns: map[*portableConn]struct{}{}}
}

// Name is the driver's name in logs.
func (d *Portable) Name() string { return "portable" }

// Lent is how many bytes of buffers are in use.
func (d *Portable) Lent() int64 { return d.pool.Lent() }

// Stalled says whether the driver has come to a halt. It cannot: each connection goes by itself.
func (d *Portable) Stalled() bool { return false }

// Serve accepts and serves connections until ln is closed. The connections live on.
func (d *Portable) Serve(ln net.Listener) {
	acceptAll(ln, d.config.Log, func(nc net.Conn) {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.cut {
			nc.Close()
			return
		}
		c := &portableConn{driver: d, nc: nc, handler: d.config.Open(nc.RemoteAddr().String())}
		d.conns[c] = struct{}{}
		d.wait.Go(c.run)
	})
}

// Each calls f with every handler that has not had its last call, while no method of
// that handler runs. f must not block.
func (d *Portable) Each(f func(Handler)) {
	d.each(func(c *portableConn) { f(c.handler) })
}

// Wake has [Handler.Wake] called soon on every connection that is there now. One
// whose peer does not read is woken when its write has gone.
func (d *Portable) Wake() {
	d.each((*portableConn).poke)
}

// Cut closes every connection, wherever it stands, those that will be accepted too.
func (d *Portable) Cut() {
	d.mu.Lock()
	d.cut = true
	d.mu.Unlock()
	for _, c := range d.all() {
		c.mu.Lock()
		if !c.detached {
			overTCP(c.nc).Close()
			c.poke()
		}
		c.mu.Unlock()
	}
}

// isCut says whether Cut has been called.
func (d *Portable) isCut() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.cut
}

// Wait returns when every connection is closed or detached, after Cut.
func (d *Portable) Wait() { d.wait.Wait() }

// each calls f with every connection that is the driver's, under its lock.
func (d *Portable) each(f func(*portableConn)) {
	for _, c := range d.all() {
		c.mu.Lock()
		if !c.gone {
			f(c)
		}
		c.mu.Unlock()
	}
}

// all are the connections that are there, and those that are being closed.
func (d *Portable) all() []*portableConn {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Collect(maps.Keys(d.conns))
}

// lastLook is how long a connection whose time has come is read once more before its
// handler is woken: Read does not look at the socket at all when its deadline has passed.
const lastLook = time.Millisecond

func timedOut(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// portableConn is a connection and the goroutine that serves it.
type portableConn struct {
	driver *Portable
	nc     net.Conn
	poked  atomic.Bool // set before the read deadline is put into the past

	mu       sync.Mutex // held while a method of handler runs, but for the last
	handler  Handler
	gone     bool          // the handler is not to be called from outside any more
	detached bool          // the connection is not the driver's any more
	unpause  chan struct{} // ends a pause; nil while there has been none

	// For the goroutine alone:
	inbox   inbox
	armed   time.Duration // the read deadline that is set, by the driver's clock; 0 is none or passed
	scratch [256]byte
}

// run serves the connection to its end.
func (c *portableConn) run() {
	c.inbox = newInbox(c.driver.pool, c.driver.config.Headroom)
	c.mu.Lock()
	step := c.handler.Opened(c.driver.config.Now())
	c.mu.Unlock()
	detach, cause := c.serve(step)

	c.mu.Lock()
	c.gone, c.detached = true, detach
	c.mu.Unlock()
	if !detach {
		c.hangUp(cause)
	}
	c.driver.mu.Lock()
	delete(c.driver.conns, c)
	c.driver.mu.Unlock()
	if detach {
		kept := append([]byte(nil), (*c.inbox.mem)[c.inbox.start:c.inbox.end]...)
		c.inbox.release()
		c.nc.SetDeadline(time.Time{})
		c.handler.Detached(c.nc, kept)
		return
	}
	c.handler.Closed(c.driver.config.Now(), cause)
}

// hangUp closes the connection. TLS says so to its peer, which may take 5 s where the peer does
// not read, and Cut can end; one that is known not to read is not told.
func (c *portableConn) hangUp(cause error) {
	c.inbox.release()
	if errors.Is(cause, ErrWriteTimeout) {
		overTCP(c.nc).Close()
	}
	c.nc.Close()
}

// overTCP is what a TLS connection runs over, or the connection itself.
func overTCP(nc net.Conn) net.Conn {
	if over, ok := nc.(interface{ NetConn() net.Conn }); ok {
		return over.NetConn()
	}
	return nc
}

// serve does what the handler says until that is to detach, or to close, or until
// the socket fails.
func (c *portableConn) serve(step Step) (detach bool, cause error) {
	for {
		if err := c.write(step.Write); err != nil {
			return false, err
		}
		c.inbox.keep(step.Kept)
		var err error
		switch step.Then {
		case Close:
			return false, nil
		case Detach:
			return true, nil
		case Reset:
			c.reset()
			return false, nil
		case Again:
			if c.due() {
				step = c.wake()
				if step.Then == Read {
					step.Then = Again
				}
			} else {
				step = c.receive()
			}
			continue
		case Pause:
			if step, err = c.pause(); err != nil {
				return false, err
			}
			continue
		case ShutDown:
			if half, ok := c.nc.(interface{ CloseWrite() error }); ok {
				half.CloseWrite() // when it fails, so will the next read
			}
		}
		if step, err = c.next(); err != nil {
			return false, err
		}
	}
}

// next waits for bytes, for the end of input, or for the time at which the handler
// wants to be woken, and tells it.
func (c *portableConn) next() (Step, error) {
	c.mu.Lock()
	wake := c.handler.Waiting(c.driver.config.Now())
	c.mu.Unlock()
	c.arm(wake)
	n, err := 0, os.ErrDeadlineExceeded
	if !c.poked.Swap(false) {
		n, err = c.nc.Read(c.inbox.free())
		if timedOut(err) && !c.poked.Load() {
			// A process that was paused finds bytes and the deadline at once: bytes first.
			c.nc.SetReadDeadline(time.Now().Add(lastLook))
			n, err = c.nc.Read(c.inbox.free())
			c.armed = 0
		}
	}
	switch {
	case n > 0:
		c.inbox.end += n
		return c.receive(), nil
	case timedOut(err):
		c.armed = 0
		return c.wake(), nil
	case err == io.EOF:
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.handler.EndOfInput(c.driver.config.Now()), nil
	}
	return Step{}, err
}

// due says, once, whether the handler is to be woken before it receives again.
func (c *portableConn) due() bool {
	late := c.armed != 0 && c.driver.config.Now() >= c.armed
	if late {
		c.armed = 0
	}
	return late || c.poked.Load()
}

// receive gives the handler what is in the inbox.
func (c *portableConn) receive() Step {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.handler.Receive(c.driver.config.Now(), *c.inbox.mem, c.inbox.start, c.inbox.end)
}

// wake wakes the handler; what the inbox has stays there.
func (c *portableConn) wake() Step {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.poked.Store(false) // it may be the cause
	step := c.handler.Wake(c.driver.config.Now(), c.scratch[:0])
	step.Kept = c.inbox.end - c.inbox.start
	return step
}

// poke has a connection woken soon, whether it reads or pauses. The caller holds c.mu.
func (c *portableConn) poke() {
	c.poked.Store(true)
	c.nc.SetReadDeadline(longAgo)
	select {
	case c.unpause <- struct{}{}:
	default: // it does not pause, or will see that it was poked already
	}
}

// reset closes the connection with a reset, without what TLS says at its end.
func (c *portableConn) reset() {
	nc := overTCP(c.nc)
	if tcp, ok := nc.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	nc.Close()
}

// arm sets the read deadline. One that is earlier than needed stays: it wakes the
// handler once for nothing, which is cheaper than a timer moved with each message.
func (c *portableConn) arm(wake time.Duration) {
	switch {
	case wake == 0 && c.armed == 0:
		c.nc.SetReadDeadline(time.Time{})
	case wake != 0 && (c.armed == 0 || wake < c.armed):
		c.nc.SetReadDeadline(time.Now().Add(wake - c.driver.config.Now()))
		c.armed = wake
	}
}

// write sends p. The time limit is on progress, not on the whole: a peer that has taken
// something within it has that time again. Under TLS it is on the whole, since crypto/tls
// cannot go on with a write that a deadline has met.
func (c *portableConn) write(p []byte) error {
	timeout, look := c.driver.config.WriteTimeout, c.driver.config.writeLook()
	overTLS := overTCP(c.nc) != c.nc
	if overTLS {
		look = timeout
	}
	now := time.Now()
	for progress := now; len(p) > 0; now = time.Now() {
		if timeout > 0 {
			c.nc.SetWriteDeadline(now.Add(look))
		}
		n, err := c.nc.Write(p)
		p = p[n:]
		switch {
		case err == nil:
		case !timedOut(err):
			return err
		case n > 0 && !overTLS:
			progress = time.Now()
		case overTLS || time.Since(progress) >= timeout:
			return ErrWriteTimeout
		}
	}
	return nil
}
