package socket

import (
	"bytes"
	"crypto/tls"
	"io"
	"iter"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/echosvc/echosvc/internal/budget"
)

// handshakeCost is what a TLS handshake holds from its first record to its end, in bytes: a
// stack and the messages.
const handshakeCost = 32 << 10

// tlsHandshake is the TLS handshake of a connection. crypto/tls has no handshake that can be
// left and continued, so it runs as a coroutine: next runs it until it waits for the client,
// or has ended. The loop receives and sends for it meanwhile.
//
// Signing takes up to milliseconds with RSA, so a goroutine calls next, in turns with
// others. The loop itself calls it when no key is used, which is for the client's Finished
// message of TLS 1.3, and when a step takes little time: see tlsSteps.
type tlsHandshake struct {
	loop    *loop
	conn    *loopConn
	tls     *tlsConn
	opened  Step   // waits until the handshake is complete
	begun   bool   // what precedes TLS has been taken off
	before  []byte // what precedes TLS, for Receive
	out     []byte // to be sent
	working bool   // a goroutine has the handshake, and with it the tlsConn

	clear clearBytes
	taken int64 // bytes for what the client has sent that are on the account, besides handshakeCost

	next   func() (waits struct{}, ok bool) // nil until the first record has arrived
	stop   func()
	resume func(struct{}) bool // for wait
	gone   chan struct{}       // closed when the connection is
	result *tls.Conn
	err    error
}

// openTLS begins the TLS handshake of a new connection. The Step of Opened waits for it, and
// the handler may be woken before.
func (l *loop) openTLS(c *loopConn) {
	t := &tlsConn{Conn: noConn{}}
	t.handshake = &tlsHandshake{loop: l, conn: c, tls: t}
	t.out = &t.handshake.out
	for len(l.secured) < len(l.conns) {
		l.secured = append(l.secured, nil)
	}
	l.secured[c.fd] = t
	t.handshake.opened = c.handler.Opened(l.now)
	c.completed = l.now
	l.timers.set(c, c.handler.NextWake())
}

// inHandshake reports whether a connection's TLS handshake is not complete.
func (l *loop) inHandshake(c *loopConn) bool {
	return l.secured != nil && l.secured[c.fd].handshake != nil
}

// takeInHandshake carries out a Step of a connection whose TLS handshake is not complete.
// It can do no more than wait, or end the connection.
func (l *loop) takeInHandshake(c *loopConn, step Step) {
	if len(step.Write) > 0 || step.Then != Read {
		l.closeConn(c, errTLSHandshake)
		return
	}
	c.handler.Flushed(l.now)
	l.timers.set(c, c.handler.NextWake())
}

// readHandshake receives what the handshake waits for. While it works, nothing is received.
func (l *loop) readHandshake(c *loopConn, t *tlsConn) {
	h := t.handshake
	if h.working {
		l.setWatched(c, watchReset) // until sendFlight
		return
	}
	if len(h.out) > 0 && !l.sendFlight(c, h) {
		return
	}
	n, err := l.receiveRecords(c, t)
	switch {
	case err == unix.EAGAIN, err == unix.EINTR:
		return
	case err != nil:
		l.closeConn(c, os.NewSyscallError("read", err))
		return
	case n == 0:
		l.closeConn(c, io.ErrUnexpectedEOF)
		return
	}
	l.greeting[c] = l.greeted.begin(l.greeting[c], l.now)
	arrived, more := t.in[len(t.in)-n:], false
	if !h.begun {
		h.before, t.in, more, err = l.driver.config.beforeTLS(t.in)
		arrived, h.begun = t.in, !more
	}
	if err != nil {
		l.closeConn(c, err)
		return
	}
	if h.begun {
		l.noteClear(c, h, arrived)
	}
	if more || nextRecord(t.in) == 0 {
		l.keepRecords(t, true)
		return
	}
	arrived = bytes.Clone(t.in)
	t.in = nil
	l.keepRecords(t, true)
	t.in = arrived
	if h.next == nil {
		h.gone = make(chan struct{})
		h.next, h.stop = iter.Pull(h.run)
	}
	switch {
	case !usesKey(arrived):
		_, waits := h.next()
		l.worked(h, waits)
		return
	case l.takesSteps():
		l.worked(h, l.takeStep(h))
		return
	}
	h.working = true
	l.working++
	l.greeting[c] = l.greeted.work(l.greeting[c], l.now)
	l.driver.securing.Go(h.work)
}

// noteClear counts what has arrived. If that makes the handshake long, it drops another one once there
// are too many of them.
func (l *loop) noteClear(c *loopConn, h *tlsHandshake, arrived []byte) {
	h.clear.add(arrived)
	h.account(takenByHandshake(h.clear.n))
	if h.clear.long() {
		l.greeting[c] = l.greeted.markLong(l.greeting[c], l.now)
		if oldest, ok := l.greeted.tooLong(); ok {
			l.closeConn(oldest, ErrHandshakes)
		}
	}
}

// account puts n bytes on the account for what the client has sent, instead of those that are there.
func (h *tlsHandshake) account(n int64) {
	h.loop.driver.config.Account.Add(budget.Buffers, n-h.taken)
	h.taken = n
}

// usesKey reports whether records may have a message that is answered with the private key or
// a key exchange. All of these are sent in the clear. In TLS 1.3, Finished is encrypted.
func usesKey(records []byte) bool {
	const handshake = 22 // RFC 8446 section 5.1
	for n := nextRecord(records); n > 0; n = nextRecord(records) {
		if records[0] == handshake {
			return true
		}
		records = records[n:]
	}
	return false
}

// run is the coroutine.
func (h *tlsHandshake) run(yield func(struct{}) bool) {
	config := &h.loop.driver.config
	config.Account.Add(budget.Buffers, handshakeCost)
	defer config.Account.Add(budget.Buffers, -handshakeCost)
	defer func() {
		if fault := recover(); fault != nil {
			config.logFault(fault)
			h.err = ErrFault
		}
	}()
	h.resume = yield
	h.result = tls.Server(h.tls, config.TLS)
	if h.err = h.result.Handshake(); h.err != nil {
		config.answerNoTLS(h.err)
	}
}

// wait returns to the caller of next until more has arrived. It reports false if the
// connection is gone.
func (h *tlsHandshake) wait() bool { return h.resume(struct{}{}) }

// work calls next on a goroutine, in turns with other handshakes.
func (h *tlsHandshake) work() {
	d := h.loop.driver
	waits, took := true, time.Duration(0)
	if d.handshakeTurns.take(h.clear.long(), h.gone) {
		began := d.config.Now()
		_, waits = h.next()
		took = d.config.Now().Sub(began)
		d.handshakeTurns.giveBack(h.clear.long())
	}
	done := func() {
		if took > 0 {
			h.loop.steps.took(took)
		}
		h.loop.worked(h, waits)
	}
	if !h.loop.post(done) {
		h.stop()
	}
}

// worked continues a handshake that waits for the client, or has ended.
func (l *loop) worked(h *tlsHandshake, waits bool) {
	defer l.rescue(h.conn)
	c, t := h.conn, h.tls
	closed := l.secured[c.fd] != t
	if h.working {
		h.working = false
		l.working--
		if !closed {
			l.greeting[c] = l.greeted.rest(l.greeting[c], l.now)
		}
	}
	if !closed {
		l.keepRecords(t, true) // what crypto/tls has not taken
	}
	switch {
	case closed:
		h.stop()
	case waits:
		l.sendFlight(c, h)
	case h.err != nil:
		l.send(c, h.out) // an alert
		l.closeConn(c, h.err)
	default:
		l.out = append(l.out, h.out...)
		t.tls, t.out, t.handshake = h.result, &l.out, nil
		h.account(0)
		t.hello = keptOfHandshake(h.clear.n)
		t.largest = t.silence.bytes - h.clear.n // a Finished may be padded (RFC 8446 section 5.4)
		l.accountRecords(t)
		t.silence.end()
		l.greeting[c] = l.greeted.complete(l.greeting[c], l.now)
		t.more = nextRecord(t.in) > 0
		l.setWatched(c, watchInput)
		l.take(c, byOpened, h.opened, 0, h.before)
		if len(h.before) > 0 && l.conns[c.fd] == c && c.input == reading {
			c.input = yielding // so that Receive is called with it at once
			if c.pending == 0 {
				l.enqueue(c)
			}
		}
	}
}

// sendFlight sends what the handshake has written, and has epoll report what it waits for. It
// reports whether everything has been sent.
func (l *loop) sendFlight(c *loopConn, h *tlsHandshake) bool {
	rest, err := l.send(c, h.out)
	if err != nil {
		l.closeConn(c, err)
		return false
	}
	h.out = append(h.out[:0], rest...)
	if len(rest) > 0 {
		l.setWatched(c, watchBoth)
		return false
	}
	l.setWatched(c, watchInput)
	return true
}

// abandon ends a handshake whose connection is closed. It reports whether a goroutine still
// has the tlsConn.
func (h *tlsHandshake) abandon() bool {
	h.account(0)
	switch {
	case h.next == nil:
	case h.working:
		close(h.gone)
	default:
		h.stop()
	}
	return h.working
}
