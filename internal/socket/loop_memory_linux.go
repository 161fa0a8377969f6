package socket

import (
	"math"
	"sync"

	"github.com/echosvc/echosvc/internal/budget"
)

// limited reports whether the memory that is held has a limit.
func (d *Loop) limited() bool { return d.config.Account.Limit() > 0 }

// readSize returns how many bytes the next read of a connection may take. Close to the
// limit of memory it is little, since a peer that does not read leaves all of it
// unanswered.
func (l *loop) readSize(c *loopConn) int {
	switch {
	case l.level == budget.None, c.shed != notShed: // what arrives after Shed is discarded
		return math.MaxInt32
	case l.level == budget.ReadLess && c.trust.shown(), !c.established:
		return 4 * mediumBuffer
	}
	return smallBuffer
}

// freeze keeps the kernel from holding much for a peer while memory is short.
func (l *loop) freeze(c *loopConn) {
	if !c.frozen && c.trust.freezes(l.level) {
		c.frozen = true
		freeze(int(c.fd))
	}
}

// thaw ends freeze.
func (l *loop) thaw(c *loopConn) {
	if c.frozen {
		c.frozen = false
		thaw(int(c.fd))
	}
}

// measure puts what the kernel holds for a connection on the account.
func (l *loop) measure(c *loopConn) {
	if !l.driver.limited() {
		return
	}
	l.doubt(c)
	if l.freeze(c); !c.trust.freezes(l.level) {
		l.thaw(c)
	}
	full := c.pending > 0 && !c.trust.shown() // what arrives is not read
	l.setKernel(c, socketBytes(int(c.fd), full))
	l.level = l.driver.config.Account.Pressure()
}

// doubt ends the trust in a peer that has stopped reading.
func (l *loop) doubt(c *loopConn) {
	if !c.trust.shown() {
		return
	}
	t := l.taking[c]
	t.look(l.now, unacknowledged(int(c.fd)), &c.trust)
	if t.stalled(l.now) {
		c.trust = 0
		c.completed = min(c.completed, t.since)
	}
	if t.unread > 0 || c.pending > 0 {
		l.taking[c] = t
	} else {
		delete(l.taking, c) // the next look is as good as the first
	}
}

// setKernel sets what the account has for a connection's socket.
func (l *loop) setKernel(c *loopConn, bytes int32) {
	if bytes != c.kernel {
		l.driver.config.Account.Add(budget.Kernel, int64(bytes-c.kernel))
		if taken(int64(c.kernel), int64(bytes)) {
			c.completed = l.now
		}
		c.kernel = bytes
	}
}

// measuredInTurn is at how many places of its table a loop looks for idle connections in one call of
// Measure. It takes less than 1 ms.
const measuredInTurn = 1024

// Measure puts what the kernel holds for connections on the account: for those that have sent
// something since the last call or that are not read, and for some of the others, in turn. A peer
// can leave a byte out and send those after it, which the kernel keeps without an event.
func (d *Loop) Measure() {
	d.each(func(l *loop) {
		first, end := l.measured, l.measured+measuredInTurn
		if l.measured = end; end >= len(l.conns) {
			l.measured = 0
		}
		for fd, c := range l.conns {
			switch {
			case c == nil:
			case c.active || c.kernel > 0 || c.input == paused:
				c.active = false
				l.measure(c)
			case first <= fd && fd < end && l.driver.limited():
				if n := socketBytes(fd, false); stalledInKernel(int64(n)) > 0 {
					l.setKernel(c, n)
				}
			}
		}
	})
}

// Shed ends connections until that many bytes are given back. Those that hold most and have
// stalled longest come first, and idle ones last. A peer has a second to take what is pending, or
// no time at all with ShedAtOnce. Shed returns how many connections it has chosen for the first time.
func (d *Loop) Shed(bytes int64, urgency Urgency) int {
	var mu sync.Mutex // guards holders and owner
	var holders []holder[*loopConn]
	owner := map[*loopConn]*loop{}
	d.each(func(l *loop) {
		for _, c := range l.conns {
			if c == nil {
				continue
			}
			if h := newHolder(c, c.handler, l.bufferBytes(c), int64(c.kernel), l.keptByTLS(c), c.completed, c.shed != notShed); h.bytes > 0 {
				mu.Lock()
				holders = append(holders, h)
				owner[c] = l
				mu.Unlock()
			}
		}
	})
	chosen, fresh := chooseToShed(holders, d.config.Now(), bytes, urgency)
	for _, h := range chosen {
		l := owner[h.conn]
		l.post(func() { l.askToShed(h.conn, urgency == ShedAtOnce) })
	}
	return fresh
}

// bufferBytes returns the size of the buffers that a connection holds.
func (l *loop) bufferBytes(c *loopConn) int64 {
	n := l.recordBytes(c)
	if c.held != nil {
		n += int64(len(*c.held))
	}
	return n
}

// askToShed sheds a connection, once everything has been sent. It may be closed already. One that
// has shut down is not shed, see goOnShedding: it is closed if atOnce, and otherwise left alone.
func (l *loop) askToShed(c *loopConn, atOnce bool) {
	defer l.rescue(c)
	switch {
	case l.conns[c.fd] != c:
	case c.shed == notShed && c.pending == 0 && c.then != ShutDown:
		l.shed(c)
	case atOnce:
		l.closeConn(c, ErrShed)
	case c.shed == notShed && c.pending > 0:
		c.shed = shedAsked
		l.shedding[c] = l.now.Add(shedPatience)
		l.timers.set(c, l.shedding[c])
	}
}

// shed has the handler end a connection, and gives up what it keeps.
func (l *loop) shed(c *loopConn) {
	c.shed = shedCalled
	by := l.shedding[c]
	delete(l.shedding, c)
	l.take(c, byShed, c.handler.Shed(l.now, l.scratch[:0]), 0, nil)
	if l.conns[c.fd] == c && c.pending > 0 { // the last Step must be taken by then, too
		if by == 0 {
			by = l.now.Add(shedPatience)
		}
		l.shedding[c] = by
		l.timers.set(c, by)
	}
}

// goOnShedding is called when everything has been sent. It reports whether it has called
// shed. A connection that has shut down is not shed: another Step would reset it, and destroy
// what the peer has not read.
func (l *loop) goOnShedding(c *loopConn) bool {
	switch {
	case c.shed == notShed, c.then == Close, c.then == Reset, c.then == Hijack:
	case c.shed == shedAsked && c.then != ShutDown:
		l.shed(c)
		return true
	case c.shed == shedAsked:
		c.shed = notShed
		delete(l.shedding, c)
	case c.shed == shedCalled:
		c.shed = shedDone
		delete(l.shedding, c)
	}
	return false
}
