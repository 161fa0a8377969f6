package socket

import (
	"container/list"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
)

// Portable is a driver with one goroutine per connection, over net.Conn. A Handler must not
// call its methods, except Stalled.
type Portable struct {
	config         Config
	pool           *pool
	busyTurns      turns // of connections
	handshakeTurns handshakeTurns

	mu      sync.Mutex
	conns   map[*portableConn]struct{}
	greeted handshakes[*portableConn]
	aborted bool
	opened  int // connections so far, to deal them out
	backoff acceptBackoff
	running sync.WaitGroup // connections
}

// NewPortable returns a driver that serves nothing yet.
func NewPortable(config Config) *Portable {
	return &Portable{config: config, greeted: handshakes[*portableConn]{limit: config.MaxHandshakes}, pool: newPool(config.Account, smallBuffer, mediumBuffer, config.Buffer), busyTurns: newTurns(), handshakeTurns: newHandshakeTurns(), conns: map[*portableConn]struct{}{}, backoff: acceptBackoff{log: config.Log}}
}

// Name returns the driver's name for logs.
func (d *Portable) Name() string { return "portable" }

// Stalled reports false: no connection of this driver can hold up another.
func (d *Portable) Stalled() bool { return false }

// Stats returns what the driver has counted.
func (d *Portable) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	return Stats{Handshakes: d.greeted.len(), AcceptFailures: d.backoff.failures.Load(), AcceptShort: d.backoff.short()}
}

// Serve accepts and serves connections until ln is closed. Connections that are open then
// continue until Abort. Unlike the Serve of Loop, it continues to accept after Abort, and
// closes each new connection.
func (d *Portable) Serve(ln net.Listener) {
	acceptAll(ln, &d.backoff, d.ready, func(nc net.Conn) {
		for !d.makeRoom() {
			pause := time.Millisecond
			if err := d.ready(); err != nil {
				pause = d.backoff.failure(err)
			}
			time.Sleep(pause)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.aborted {
			nc.Close()
			return
		}
		c := &portableConn{driver: d, nc: d.config.secure(nc), handler: d.config.Open(remoteAddr(nc), d.opened%Processors())}
		d.opened++
		c.tls, _ = c.nc.(*portableTLS)
		c.memory.completed.Store(int64(d.config.Now()))
		d.conns[c] = struct{}{}
		c.handshake = d.greeted.add(c, d.config.Now())
		if c.tls != nil {
			c.tls.below.conn = c
		}
		c.freeze()
		d.config.Account.Add(budget.Connections, d.config.ConnCost)
		d.running.Go(c.run)
	})
}

// ready returns an error if no connection may be accepted, because there is no handshake
// that could make room.
func (d *Portable) ready() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full() && d.greeted.len() == 0 && !d.aborted {
		return errMaxSockets
	}
	return nil
}

// full reports whether nothing can be served before a connection ends: Config.MaxSockets is
// reached, or there are twice as many handshakes as Config.MaxHandshakes. The caller holds d.mu.
func (d *Portable) full() bool {
	reached := func(n, most int) bool { return most > 0 && n >= most }
	return reached(len(d.conns), d.config.MaxSockets) || reached(d.greeted.len(), 2*d.config.MaxHandshakes)
}

// makeRoom drops a handshake if one more connection is one too many. It reports whether that may
// be served now.
func (d *Portable) makeRoom() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	full := d.full()
	if !full && !d.greeted.full() {
		return true
	}
	c, ok := d.greeted.first(d.config.Now())
	if ok {
		d.endHandshake(c)
		c.end(ErrHandshakes)
	}
	return ok || !full || d.aborted
}

// noteHandshake changes the place of a connection among the handshakes.
func (d *Portable) noteHandshake(c *portableConn, change func(*handshakes[*portableConn], *list.Element, Instant) *list.Element) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.handshake != nil {
		c.handshake = change(&d.greeted, c.handshake, d.config.Now())
	}
}

// markLong notes that a TLS handshake is long, and drops another one if there are too many of them.
func (d *Portable) markLong(c *portableConn) {
	d.noteHandshake(c, (*handshakes[*portableConn]).markLong)
	d.mu.Lock()
	defer d.mu.Unlock()
	if oldest, ok := d.greeted.tooLong(); ok {
		d.endHandshake(oldest)
		oldest.end(ErrHandshakes)
	}
}

// established takes a connection off the handshakes.
func (d *Portable) established(c *portableConn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.endHandshake(c)
}

// endHandshake is established with d.mu held.
func (d *Portable) endHandshake(c *portableConn) {
	if c.handshake != nil {
		d.greeted.remove(c.handshake)
		c.handshake = nil
	}
}

// Each calls f with the handler of every connection, while no method of that handler runs,
// and with the bytes that are held for it in buffers, the kernel's included. It may call f
// before Opened. If f returns true, [Handler.Wake] is called soon. f must not block. It is
// called with one connection at a time.
func (d *Portable) Each(f func(h Handler, held int64) (wake bool)) {
	d.each(func(c *portableConn) {
		if f(c.handler, c.memory.held.Load()+c.memory.kernel.Load()) {
			c.interrupt()
		}
	})
}

// Wake has [Handler.Wake] called soon on every connection that is open now. A connection
// that is sending is woken when everything has been sent.
func (d *Portable) Wake() {
	d.each((*portableConn).interrupt)
}

// Abort closes all connections, whatever their state, and every new one.
func (d *Portable) Abort() {
	d.mu.Lock()
	d.aborted = true
	d.mu.Unlock()
	for _, c := range d.all() {
		c.mu.Lock()
		if !c.hijacked {
			overTCP(c.nc).Close()
			c.interrupt()
		}
		c.mu.Unlock()
	}
}

// isAborted reports whether Abort has been called.
func (d *Portable) isAborted() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.aborted
}

// Wait returns when every connection is closed or hijacked. It is called after Abort, or
// after Serve has returned.
func (d *Portable) Wait() { d.running.Wait() }

// each calls f with every connection whose handler has not ended, under its lock.
func (d *Portable) each(f func(*portableConn)) {
	for _, c := range d.all() {
		c.mu.Lock()
		if !c.ended {
			f(c)
		}
		c.mu.Unlock()
	}
}

// all returns all connections, also those that are being closed.
func (d *Portable) all() []*portableConn {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Collect(maps.Keys(d.conns))
}

// forget removes a connection that has ended.
func (d *Portable) forget(c *portableConn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.endHandshake(c)
	delete(d.conns, c)
	d.config.Account.Add(budget.Connections, -d.config.ConnCost)
	if c.tls != nil {
		c.tls.below.forget()
	}
}
