package socket

import (
	"bytes"
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/echosvc/echosvc/internal/budget"
)

const (
	// recordBuffer is how many bytes of ciphertext are received at a time.
	recordBuffer = 64 << 10
	// busyRecords is how many bytes of ciphertext make a connection busy.
	busyRecords = 16 << 10
	// ownedRecord is the size of the largest record whose buffer, which crypto/tls keeps, is
	// included in Config.ConnCost.
	ownedRecord = 1 << 10
)

// readTLS is read for a connection with TLS: what crypto/tls has is read first.
func (l *loop) readTLS(c *loopConn) {
	t := l.secured[c.fd]
	if t.handshake != nil {
		l.readHandshake(c, t)
		return
	}
	received := 0
	if !t.more {
		n, err := l.receiveRecords(c, t)
		switch {
		case err == unix.EAGAIN, err == unix.EINTR:
			return
		case err != nil:
			l.closeConn(c, os.NewSyscallError("read", err))
			return
		case n == 0 && len(t.in) > 0:
			l.closeConn(c, io.ErrUnexpectedEOF)
			return
		case n == 0: // without a close_notify, which is common
			l.take(c, byEndOfInput, c.handler.EndOfInput(l.now), 0, nil)
			return
		}
		received = n
	}
	mem, end := l.readBuffer(c)
	n, err := t.decrypt(mem[end:])
	l.keepRecords(t, received > 0)
	l.accountRecords(t)
	c.busy = t.more || received >= busyRecords
	switch {
	case err != nil && err != io.EOF:
		l.send(c, l.takeOut()) // an alert
		l.closeConn(c, err)
	case n > 0:
		l.receive(c, mem, end+n)
	case err == io.EOF: // a close_notify
		l.take(c, byEndOfInput, c.handler.EndOfInput(l.now), 0, nil)
	default:
		l.sendUnasked(c, t)
	}
}

// receiveRecords receives ciphertext into the loop's buffer, after what is left of the last.
func (l *loop) receiveRecords(c *loopConn, t *tlsConn) (n int, err error) {
	had := copy(l.records, t.in)
	most := min(l.readSize(c), loopBuffer>>c.yields, recordBuffer)
	if t.handshake != nil {
		most = min(most, mostHandshake)
	}
	if n, err = receiveNow(int(c.fd), l.records[had:had+most]); n > 0 {
		t.in = l.records[:had+n]
	}
	return n, err
}

// keepRecords keeps what is left of the ciphertext. received means that it is in the loop's buffer.
func (l *loop) keepRecords(t *tlsConn, received bool) {
	pool, last, lastClass := l.driver.pool, t.held, t.class
	switch {
	case len(t.in) == 0:
		t.in, t.held = nil, nil
	case !received:
		return
	default:
		t.class = int8(pool.class(len(t.in)))
		t.held = pool.get(int(t.class))
		t.in = (*t.held)[:copy(*t.held, t.in)]
	}
	if last != nil {
		pool.put(int(lastClass), last)
	}
}

// accountRecords puts on the account what crypto/tls keeps of the handshake and for large records: a
// buffer for the largest, which it may have made twice as large.
func (l *loop) accountRecords(t *tlsConn) {
	size := t.hello
	if t.largest > ownedRecord {
		size += 2 * t.largest
	}
	if size > t.accounted {
		l.driver.config.Account.Add(budget.Buffers, int64(size-t.accounted))
		t.accounted = size
	}
}

// encrypt returns the ciphertext of what a Step writes, with a close_notify if that is the
// last of the connection. It is valid until the next call of crypto/tls.
func (l *loop) encrypt(c *loopConn, step Step) (out []byte, err error) {
	t := l.secured[c.fd]
	if len(step.Write) > 0 {
		_, err = t.tls.Write(step.Write)
	}
	if step.Then == Close || step.Then == ShutDown {
		t.tls.CloseWrite() // fails only if Write does
	}
	return l.takeOut(), err
}

// takeOut returns what crypto/tls has written. It is valid until the next call of crypto/tls.
func (l *loop) takeOut() []byte {
	out := l.out
	l.out = out[:0]
	return out
}

// sendUnasked sends what crypto/tls has written on its own, such as the answer to a KeyUpdate,
// without a Step. A connection that is shut down sends nothing.
func (l *loop) sendUnasked(c *loopConn, t *tlsConn) {
	out := l.takeOut()
	if c.then == ShutDown {
		out = nil
	}
	rest, err := l.send(c, out)
	switch {
	case err != nil:
		l.closeConn(c, err)
	case len(rest) > 0:
		t.unasked = true
		l.hold(c, l.keptBytes(c), rest)
		l.measure(c)
		l.watch(c)
		l.extend(c)
	case t.more:
		l.enqueue(c)
	}
}

// sentUnasked reports whether the bytes that have been sent were crypto/tls's own and not a Step's.
func (l *loop) sentUnasked(c *loopConn) bool {
	if l.secured == nil {
		return false
	}
	t := l.secured[c.fd]
	unasked := t.unasked
	t.unasked = false
	return unasked
}

// hasMore reports whether crypto/tls has more to return without another recv.
func (l *loop) hasMore(c *loopConn) bool { return l.secured != nil && l.secured[c.fd].more }

// recordBytes returns the size of the buffer with ciphertext that a connection keeps, and what its
// handshake takes for a long ClientHello.
func (l *loop) recordBytes(c *loopConn) (n int64) {
	if l.secured == nil {
		return 0
	}
	t := l.secured[c.fd]
	if t.held != nil {
		n = int64(len(*t.held))
	}
	if t.handshake != nil {
		n += t.handshake.taken
	}
	return n
}

// keptByTLS returns how many bytes crypto/tls keeps of a connection between records.
func (l *loop) keptByTLS(c *loopConn) int64 {
	if l.secured == nil {
		return 0
	}
	return int64(l.secured[c.fd].accounted)
}

// forgetTLS releases what a connection holds for TLS.
func (l *loop) forgetTLS(c *loopConn) {
	if l.secured == nil {
		return
	}
	t := l.secured[c.fd]
	l.secured[c.fd] = nil
	if t.handshake != nil && t.handshake.abandon() {
		return
	}
	t.in = nil
	l.keepRecords(t, false)
	l.driver.config.Account.Add(budget.Buffers, -int64(t.accounted))
}

// hijackTLS returns a function that puts the connection's TLS over a net.Conn. Without TLS, the
// function returns the net.Conn itself. hijackTLS must be called before the connection is forgotten.
func (l *loop) hijackTLS(c *loopConn) func(net.Conn) net.Conn {
	if l.secured == nil {
		return func(nc net.Conn) net.Conn { return nc }
	}
	t, in := l.secured[c.fd], bytes.Clone(l.secured[c.fd].in)
	return func(nc net.Conn) net.Conn { return t.hijack(&l.driver.config, nc, in) }
}
