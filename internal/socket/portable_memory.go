package socket

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
)

// connMemory is what the driver knows of the memory of a connection. Other goroutines read
// it, and write shed and reason.
type connMemory struct {
	held      atomic.Int64 // bytes that are kept or pending
	full      atomic.Bool  // the receive buffer counts as full, since what arrives is not read
	kernel    atomic.Int64 // bytes in the socket's buffers, as they are on the account
	completed atomic.Int64 // the Instant when the peer last completed a frame or took a whole answer
	shed      atomic.Int32 // notShed, shedAsked, shedCalled or shedDone
	reason    atomic.Pointer[error]

	// For the goroutine of run alone:
	trust   trust
	taking       // of what the peer is sent
	pending bool // some of what is held is to be sent
	frozen  bool // the kernel holds little for it
}

// limited reports whether the memory that is held has a limit.
func (d *Portable) limited() bool { return d.config.Account.Limit() > 0 }

// roomy reports whether memory is not short.
func (d *Portable) roomy() bool { return d.config.Account.Pressure() == budget.None }

// end closes the connection for a reason that becomes the cause.
func (c *portableConn) end(reason error) {
	c.memory.reason.Store(&reason)
	if abandons(reason) {
		CloseWithReset(c.nc) // otherwise the kernel keeps what the peer does not take, for minutes
		return
	}
	overTCP(c.nc).Close()
}

// freeze keeps the kernel from holding much for a peer while memory is short.
func (c *portableConn) freeze() {
	if m := &c.memory; !m.frozen && m.trust.freezes(c.driver.config.Account.Pressure()) {
		m.frozen = true
		control(c.nc, freeze)
	}
}

// thaw ends freeze.
func (c *portableConn) thaw() {
	if m := &c.memory; m.frozen {
		m.frozen = false
		control(c.nc, thaw)
	}
}

// stallLook is how long a write may block before it is first looked at, if the peer has not shown
// that it reads.
const stallLook = 20 * time.Millisecond

// writeLook returns how long a write may block before it is looked at.
func (c *portableConn) writeLook() time.Duration {
	look := c.driver.config.writeLook()
	if c.driver.limited() && !c.memory.frozen && !c.memory.trust.shown() {
		look = min(look, stallLook)
	}
	return look
}

// writeSize returns how many bytes are written at a time, so that they are measured before
// more of them pile up.
func (c *portableConn) writeSize() int {
	if c.driver.limited() {
		return c.memory.trust.unmeasuredBytes()
	}
	return math.MaxInt32
}

// readRoom returns the room for the next read, which is small when memory is short.
func (c *portableConn) readRoom() []byte {
	room := c.inbox.free()
	if len(room) > smallBuffer && !c.driver.roomy() {
		room = room[:smallBuffer]
	}
	return room
}

func (c *portableConn) unacknowledged() (n int32) {
	control(c.nc, func(fd int) { n = unacknowledged(fd) })
	return n
}

// noteSent notes that n bytes were sent. stalled means that there are more, which the peer
// has not taken so far.
func (c *portableConn) noteSent(n int, stalled bool) {
	m := &c.memory
	shown, due := m.trust.sent(n, c.unacknowledged)
	if shown {
		m.taking.begin()
		c.thaw()
	}
	much := due || m.trust.shown() && stalledInKernel(m.kernel.Load()) > 0
	if c.driver.limited() && (stalled || much) {
		c.doubt()
		if c.freeze(); !m.trust.freezes(c.driver.config.Account.Pressure()) {
			c.thaw()
		}
		c.measure()
	}
	if !stalled {
		return
	}
	if m.held.Load() == 0 {
		m.completed.Store(int64(c.driver.config.Now()))
	}
	m.pending = true
	m.full.Store(!m.trust.shown())
	m.held.Store(int64(len(*c.inbox.mem)))
}

// doubt ends the trust in a peer that has stopped reading.
func (c *portableConn) doubt() {
	m := &c.memory
	if !m.trust.shown() {
		return
	}
	now := c.driver.config.Now()
	m.taking.look(now, c.unacknowledged(), &m.trust)
	if m.taking.stalled(now) {
		m.trust = 0
		m.completed.Store(min(m.completed.Load(), int64(m.since)))
	}
}

// noteHeld notes that everything has been sent, and how much of the input is kept. used is how
// much of it is not.
func (c *portableConn) noteHeld(now Instant, used, kept int) {
	m := &c.memory
	if m.pending {
		m.pending = false
		m.full.Store(false)
		m.completed.Store(int64(now))
		c.thaw()
		c.setKernel(0)
	} else if (m.held.Load() == 0 || used > 0) && !hoards(m.kernel.Load(), m.trust) {
		m.completed.Store(int64(now))
	}
	held := int64(0)
	if kept > 0 {
		held = int64(len(*c.inbox.mem))
	}
	m.held.Store(held)
}

// measure puts what the kernel holds for the connection on the account.
func (c *portableConn) measure() {
	full := c.memory.full.Load()
	var n int64
	control(c.nc, func(fd int) { n = int64(socketBytes(fd, full)) })
	c.setKernel(n)
}

func (c *portableConn) setKernel(n int64) {
	last := c.memory.kernel.Swap(n)
	c.driver.config.Account.Add(budget.Kernel, n-last)
	if taken(last, n) {
		c.memory.completed.Store(int64(c.driver.config.Now()))
	}
}

// Measure puts what the kernel holds for connections on the account.
func (d *Portable) Measure() {
	d.each((*portableConn).measure)
}

// Shed ends connections until that many bytes are given back. Those that hold most and have
// stalled longest come first, and idle ones last. A peer has a second to take what is pending, or
// no time at all with ShedAtOnce. Shed returns how many connections it has chosen for the first time.
func (d *Portable) Shed(bytes int64, urgency Urgency) int {
	var holders []holder[*portableConn]
	d.each(func(c *portableConn) {
		m := &c.memory
		taken, kept := c.bytesOfTLS()
		if h := newHolder(c, c.handler, m.held.Load()+taken, m.kernel.Load(), kept, Instant(m.completed.Load()), m.shed.Load() != notShed); h.bytes > 0 {
			holders = append(holders, h)
		}
	})
	chosen, fresh := chooseToShed(holders, d.config.Now(), bytes, urgency)
	for _, h := range chosen {
		h.conn.askToShed(urgency == ShedAtOnce)
	}
	return fresh
}

// bytesOfTLS returns how many bytes the connection's TLS handshake takes, and how many crypto/tls keeps
// after it.
func (c *portableConn) bytesOfTLS() (taken, kept int64) {
	if c.tls == nil {
		return 0, 0
	}
	return c.tls.below.taken.Load(), c.tls.below.kept.Load()
}

// inHandshake reports whether the connection's TLS handshake is not complete.
func (c *portableConn) inHandshake() bool { return c.tls != nil && !c.tls.done.Load() }

// askToShed has the handler end the connection, or ends it if the peer does not take the
// last byte in time.
func (c *portableConn) askToShed(atOnce bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	asked := c.memory.shed.CompareAndSwap(notShed, shedAsked)
	switch {
	case c.ended:
	case atOnce && !asked, asked && c.inHandshake(): // a handshake cannot be interrupted, see interrupt
		c.end(ErrShed)
	case asked:
		c.interrupt()
		c.shedBy(c.driver.config.Now().Add(shedPatience))
	}
}

// shedBy ends the connection at an instant if the peer has not taken the last byte by then.
func (c *portableConn) shedBy(by Instant) {
	time.AfterFunc(by.Sub(c.driver.config.Now()), func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		switch state := c.memory.shed.Load(); {
		case c.ended || state != shedAsked && state != shedCalled:
		case by.Reached(c.driver.config.Now()):
			c.end(ErrShed)
		default:
			c.shedBy(by)
		}
	})
}
