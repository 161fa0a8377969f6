package socket

import (
	"cmp"
	"container/list"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// lastLook is how long a connection is read once more before its handler is woken, and
	// written once more before that has failed. A Read or Write whose deadline has passed does not
	// look at the socket at all, and a process that was stopped for a while finds both input and
	// passed deadlines.
	lastLook = time.Millisecond
	// pauseLook is the interval at which a paused connection is checked for a reset.
	pauseLook = time.Second
)

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

func timedOut(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// portableConn is a connection of the portable driver.
type portableConn struct {
	driver *Portable
	nc     net.Conn
	tls    *portableTLS // nc, if it is one; else nil
	// interrupted asks for a wake before any wait. It is set and cleared under mu, and
	// read without.
	interrupted atomic.Bool

	mu       sync.Mutex // held while a method of handler runs, except for the last one
	handler  Handler
	ended    bool          // only run may call the handler from now on
	hijacked bool          // nc belongs to the handler
	resume   chan struct{} // ends a pause; nil before the first one

	handshake *list.Element // in the driver's handshakes, under its mu
	memory    connMemory

	// For the goroutine of run alone:
	greeted bool // it is established, and so no longer among the handshakes
	input   inputState
	busy    bool // receives in turns with others
	inbox   inbox
	armed   Instant // the read deadline that is set; never if it is unknown or there is none
	scratch [256]byte
}

// run serves the connection until it ends.
func (c *portableConn) run() {
	defer c.driver.config.rescue()
	c.inbox = newInbox(c.driver.pool, c.driver.config.Headroom)
	last, cause := c.serve()
	switch { // the cause, and not what it led to in a read or a write
	case cause == nil:
	case c.driver.isAborted():
		cause = net.ErrClosed
	default:
		if reason := c.memory.reason.Load(); reason != nil {
			cause = *reason
		}
	}
	if c.tls != nil && c.tls.failure != nil {
		c.driver.config.tlsFailed(cmp.Or(cause, c.tls.failure))
	}
	c.mu.Lock()
	c.ended, c.hijacked = true, last == Hijack
	c.mu.Unlock()
	if last == Hijack {
		kept := slices.Clone(c.inbox.kept())
		c.inbox.release()
		c.setKernel(0)
		if c.tls != nil {
			c.tls.hijack()
		}
		c.driver.forget(c)
		c.nc.SetDeadline(time.Time{})
		c.driver.config.handOver(c.handler, c.nc, kept)
		return
	}
	c.inbox.release()
	c.setKernel(0)
	c.hangUp(last, cause)
	c.driver.forget(c)
	c.handler.Closed(c.driver.config.Now(), cause)
}

// serve returns the Action that ended the connection: Close, Reset or Hijack. With an
// error, it is Close.
func (c *portableConn) serve() (last Action, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			c.driver.config.logFault(fault)
			last, err = Close, ErrFault
		}
	}()
	last, err = c.take(byOpened, c.locked(c.handler.Opened), 0, 0)
	for err == nil && last != Close && last != Reset && last != Hijack {
		last, err = c.next()
	}
	if err != nil {
		last = Close
	}
	return last, err
}

// take carries out a Step and returns its Action, for serve to carry out if it ends the
// connection. The handler was given that many bytes, and keeps the last ones of them.
func (c *portableConn) take(by caller, step Step, given, kept int) (Action, error) {
	c.driver.config.check(by, step, given, kept)
	c.input = c.input.after(by, step.Then)
	c.noteHandshake(by)
	if err := c.writeStep(step); err != nil {
		return Close, err
	}
	c.inbox.keep(kept, c.driver.roomy()) // after the write, since step.Write may be a part of the buffer
	now := c.driver.config.Now()
	c.noteHeld(now, given-kept, kept)
	c.locked(func(Instant) Step { c.handler.Flushed(now); return Step{} })
	if step.Then == ShutDown {
		if !c.greeted {
			c.driver.noteHandshake(c, (*handshakes[*portableConn]).answer)
		}
		c.memory.shed.CompareAndSwap(shedAsked, notShed) // it ends, and another Step would reset it
		if c.driver.limited() {                          // a peer that goes on sending would have it grow
			control(c.nc, func(fd int) { limitReceive(fd, lingerReceive) })
		}
		if half, ok := overTCP(c.nc).(interface{ CloseWrite() error }); ok {
			half.CloseWrite() // if it fails, so does the next read
		}
	}
	return step.Then, nil
}

// noteHandshake tells the driver how far the handshake has come.
func (c *portableConn) noteHandshake(by caller) {
	switch {
	case c.greeted:
	case c.handler.Established():
		c.driver.established(c)
		c.greeted = true
	case by == byReceive:
		c.driver.noteHandshake(c, (*handshakes[*portableConn]).begin)
	}
}

// next waits until there is something for the handler to do, and calls it. It returns Read if
// there was nothing.
func (c *portableConn) next() (Action, error) {
	var now, wake Instant
	c.locked(func(at Instant) Step {
		now, wake = at, c.handler.NextWake()
		if c.input == paused && c.resume == nil {
			c.resume = make(chan struct{}, 1)
		}
		return Step{}
	})
	switch {
	case c.interrupted.Load():
		return c.wake()
	case c.input == paused:
		return c.pause(now, wake)
	case c.input == yielding && wake.Reached(now):
		return c.wake()
	case c.input == yielding:
		c.busy = true
		return c.receive()
	}
	return c.read(now, wake)
}

// read waits for input until wake.
func (c *portableConn) read(now, wake Instant) (Action, error) {
	c.arm(now, wake)
	n, err := 0, os.ErrDeadlineExceeded
	if !c.interrupted.Load() { // looked at again, since arm may have undone the deadline of interrupt
		n, err = c.nc.Read(c.readRoom())
	}
	if timedOut(err) && !c.interrupted.Load() {
		c.armed = 0
		if !wake.Reached(c.driver.config.Now()) {
			return Read, nil // the deadline was an earlier one, see arm
		}
		c.nc.SetReadDeadline(time.Now().Add(lastLook))
		n, err = c.nc.Read(c.readRoom())
	}
	switch {
	case n > 0:
		c.inbox.end += n
		c.busy = n >= busyRead
		return c.receive()
	case timedOut(err):
		return c.wake()
	case err == io.EOF:
		return c.endOfInput()
	case err == nil: // the TLS handshake is complete
		return Read, nil
	}
	return Close, err
}

// arm sets the read deadline. A deadline that is earlier than needed stays, since moving a
// timer with each message costs more than one Read that ends for nothing.
func (c *portableConn) arm(now, wake Instant) {
	switch {
	case wake == 0 && c.armed == 0:
		c.nc.SetReadDeadline(time.Time{})
	case wake != 0 && (c.armed == 0 || wake < c.armed):
		c.nc.SetReadDeadline(time.Now().Add(wake.Sub(now)))
		c.armed = wake
	}
}

// pause waits until wake, and closes the connection if the peer has reset it.
func (c *portableConn) pause(now, wake Instant) (Action, error) {
	wait := pauseLook
	if wake != 0 {
		wait = min(wait, wake.Sub(now))
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.resume:
	}
	if c.interrupted.Load() || wake.Reached(c.driver.config.Now()) {
		return c.wake()
	}
	return Read, pendingError(c.nc)
}

// interrupt has the handler woken soon, whether the connection reads or pauses, or once its TLS
// handshake is complete, since crypto/tls cannot continue one after a deadline. The caller holds c.mu.
func (c *portableConn) interrupt() {
	c.interrupted.Store(true)
	if c.tls == nil || c.tls.done.Load() {
		c.nc.SetReadDeadline(longAgo)
	}
	select {
	case c.resume <- struct{}{}:
	default: // it does not pause, or looks at interrupted before it does
	}
}

// receive gives the handler what is in the inbox, in turns with others if it is busy.
func (c *portableConn) receive() (Action, error) {
	given, kept := c.inbox.end-c.inbox.start, 0
	step := c.inTurn(func(now Instant) (step Step) {
		step, kept = c.handler.Receive(now, *c.inbox.mem, c.inbox.start, c.inbox.end)
		return step
	})
	return c.take(byReceive, step, given, kept)
}

// inTurn is locked, in turns with others if the connection is busy.
func (c *portableConn) inTurn(call func(Instant) Step) Step {
	if c.busy {
		c.driver.busyTurns.take()
		defer c.driver.busyTurns.giveBack()
	}
	return c.locked(call)
}

// locked calls a method of the handler.
func (c *portableConn) locked(call func(Instant) Step) Step {
	c.mu.Lock()
	defer c.mu.Unlock()
	return call(c.driver.config.Now())
}

func (c *portableConn) endOfInput() (Action, error) {
	return c.take(byEndOfInput, c.locked(c.handler.EndOfInput), 0, 0)
}

// wake wakes the handler, or sheds the connection, unless the interruption came from Abort.
func (c *portableConn) wake() (Action, error) {
	by, kept, aborted := byWake, len(c.inbox.kept()), false
	step := c.locked(func(now Instant) Step {
		c.armed = 0 // the deadline has passed, or interrupt has replaced it
		switch {
		case c.interrupted.Swap(false) && c.driver.isAborted():
			aborted = true
			return Step{}
		case c.memory.shed.CompareAndSwap(shedAsked, shedCalled):
			by, kept = byShed, 0
			return c.handler.Shed(now, c.scratch[:0])
		}
		return c.handler.Wake(now, c.scratch[:0])
	})
	if aborted {
		return Close, net.ErrClosed
	}
	last, err := c.take(by, step, kept, kept)
	if by == byShed && err == nil {
		c.memory.shed.Store(shedDone)
	}
	return last, err
}

// writeStep sends what a Step writes.
func (c *portableConn) writeStep(step Step) error {
	if c.tls == nil {
		return c.write(step.Write)
	}
	out, release, err := c.tls.encrypt(step)
	if err != nil {
		return err
	}
	defer release()
	return c.write(out)
}

// write sends p over TCP. The time-out is on progress, not on the whole: a peer that has taken
// something gets all of it again. Before it fails, it is tried once more for lastLook, since the process
// may have stood still.
func (c *portableConn) write(p []byte) error {
	timeout := c.driver.config.WriteTimeout
	tcp := overTCP(c.nc)
	now := time.Now()
	last := false
	for progress := now; len(p) > 0; now = time.Now() {
		look := c.writeLook()
		if last {
			look = lastLook
		}
		if timeout > 0 {
			tcp.SetWriteDeadline(now.Add(look))
		}
		n, err := tcp.Write(p[:min(len(p), c.writeSize())])
		c.noteSent(n, timedOut(err))
		p = p[n:]
		switch {
		case err == nil:
		case !timedOut(err):
			return err
		case n > 0:
			progress, last = time.Now(), false
		case last:
			return ErrWriteTimeout
		default:
			last = time.Since(progress) >= timeout
		}
	}
	return nil
}

// hangUp closes the connection. With TLS the last Step has sent a close_notify, and an error
// sends none.
func (c *portableConn) hangUp(last Action, cause error) {
	if last == Reset || abandons(cause) {
		CloseWithReset(c.nc)
		return
	}
	Leave(c.nc, c.driver.config.Account, c.driver.config.LeaveTimeout)
	overTCP(c.nc).Close()
}
