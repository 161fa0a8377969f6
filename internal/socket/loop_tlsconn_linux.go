package socket

import (
	"crypto/tls"
	"net"
	"time"
)

// Decrypting ends a turn once it has taken some time, whatever the records contain. The unit of
// work is the time that it takes to decrypt one byte, about 1 ns.
const (
	enoughRecords = 128 << 10 // 0.1 to 0.2 ms

	recordWork = 512     // of a record besides its bytes
	silentWork = 4 << 10 // of a record without data, such as a KeyUpdate, which makes new keys
)

// wouldBlock is the error of a Read when no whole record has arrived. It is temporary, since
// crypto/tls remembers every other error and returns it from then on.
type wouldBlock struct{}

func (wouldBlock) Error() string   { return "no whole TLS record has arrived" }
func (wouldBlock) Timeout() bool   { return true }
func (wouldBlock) Temporary() bool { return true }

var errWouldBlock net.Error = wouldBlock{}

// tlsConn is the TLS of a connection. It is also the net.Conn below its tls.Conn. It
// belongs to the goroutine of the handshake, for which Read waits; then to the loop, for
// which nothing waits; and then, if it is hijacked, to the handler.
//
// Read hands out whole records only, and no more than one in a call. crypto/tls makes room
// for as many bytes as a record's header claims, so it must not see the header before the
// rest has arrived.
type tlsConn struct {
	net.Conn // the socket, for a handler that has hijacked it; noConn until then

	tls       *tls.Conn
	out       *[]byte       // collects what is to be sent
	handshake *tlsHandshake // nil once it is complete
	hijacked  bool
	share     *tlsShare // nil unless it is hijacked

	in     []byte // ciphertext that has arrived, and that crypto/tls has not taken
	taking int    // bytes of in that belong to the record which crypto/tls is taking

	silence silence

	// For the loop alone:
	held      *[]byte // has in, if it is kept for another turn; of the pool
	class     int8    // of held
	more      bool    // crypto/tls has more to return without another recv
	unasked   bool    // what is pending is crypto/tls's own, and not a Step's
	silent    bool    // the last record has had no data so far
	work      int32   // of this turn
	hello     int32   // what crypto/tls keeps of the handshake, in bytes
	largest   int32   // the largest record or message after it, in bytes: crypto/tls keeps a buffer for it
	accounted int32   // bytes of both that are on the account
}

// nextRecord returns the length of the record at the start of p, or 0 if not all of it has
// arrived. Anything that is not a record counts as one that ends with p, so that crypto/tls
// refuses it at once.
func nextRecord(p []byte) int {
	if len(p) < recordHeader {
		return 0
	}
	const firstType, lastType, major = 20, 24, 3 // change_cipher_spec, heartbeat, 0x0301 to 0x0303
	n := recordHeader + int(p[3])<<8 + int(p[4])
	switch {
	case p[0] < firstType, p[0] > lastType, p[1] != major, n > mostRecord:
		return len(p)
	case n > len(p):
		return 0
	}
	return n
}

// decrypt reads data into p until no whole record is left, p is full, or it has worked for
// some time. After an error other than io.EOF nothing can be answered any more, since
// crypto/tls has sent an alert.
func (t *tlsConn) decrypt(p []byte) (n int, err error) {
	t.work = 0
	for n < len(p) {
		t.silent = false
		m, err := t.tls.Read(p[n:])
		n += m
		if m > 0 {
			t.silence.end()
		}
		if err != nil && err != errWouldBlock {
			t.more = n > 0 // crypto/tls returns io.EOF again
			return n, err
		}
		if t.more = nextRecord(t.in) > 0; err != nil || n < len(p) && !t.more {
			return n, nil // another Read would return errWouldBlock, for an allocation
		}
	}
	t.more = true
	return n, nil
}

// Read hands ciphertext to crypto/tls.
func (t *tlsConn) Read(p []byte) (int, error) {
	for t.taking == 0 {
		n := nextRecord(t.in)
		switch {
		case !t.silence.allows(min(n, mostRecord)):
			return 0, errMessage
		case t.hijacked && len(t.in) == 0:
			if len(p) > 2*ownedRecord {
				t.share.grow(int64(t.hello) + int64(len(p))) // p is the free part of crypto/tls's buffer
			}
			n, err := t.Conn.Read(p)
			t.silence.bytes += int32(n)
			return n, err
		case t.hijacked:
			t.taking = len(t.in)
		case n > 0 && t.work < enoughRecords:
			t.take(n)
		case t.handshake == nil:
			return 0, errWouldBlock
		case !t.handshake.wait():
			return 0, net.ErrClosed
		}
	}
	n := copy(p, t.in[:t.taking])
	t.in = t.in[n:]
	t.taking -= n
	if t.hijacked && len(t.in) == 0 {
		t.in = nil // so that up to recordBuffer bytes are free
	}
	return n, nil
}

// take begins to hand out a record of n bytes.
func (t *tlsConn) take(n int) {
	t.taking = n
	t.silence.bytes += int32(n)
	if t.handshake != nil {
		return
	}
	t.largest = max(t.largest, t.silence.bytes) // all of it may be one message
	t.work += int32(n) + recordWork
	if t.silent {
		t.work += silentWork
	}
	t.silent = true
}

// Write collects what crypto/tls sends. It never fails while the connection is the loop's,
// since crypto/tls could not continue.
func (t *tlsConn) Write(p []byte) (int, error) {
	if t.hijacked {
		return t.Conn.Write(p)
	}
	*t.out = append(*t.out, p...)
	return len(p), nil
}

// NetConn returns the socket, for a handler that has hijacked the connection.
func (t *tlsConn) NetConn() net.Conn { return t.Conn }

// hijack makes the connection one that waits, over nc, and returns it for the handler.
func (t *tlsConn) hijack(config *Config, nc net.Conn, in []byte) net.Conn {
	t.Conn, t.hijacked, t.in = nc, true, in
	t.share = newTLSShare(config, int64(t.accounted)+int64(len(in)))
	return &hijackedTLS{t.tls, &t.silence, t.share}
}

// hijackedTLS is the TLS of a connection for its handler.
type hijackedTLS struct {
	*tls.Conn
	silence *silence
	share   *tlsShare
}

func (c *hijackedTLS) Close() error {
	defer c.share.release()
	return c.Conn.Close()
}

func (c *hijackedTLS) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.silence.end()
	}
	return n, err
}

// noConn is the socket of a tlsConn that is not hijacked. Its methods do nothing.
type noConn struct{ net.Conn }

func (noConn) Close() error                     { return nil }
func (noConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (noConn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (noConn) SetDeadline(time.Time) error      { return nil }
func (noConn) SetReadDeadline(time.Time) error  { return nil }
func (noConn) SetWriteDeadline(time.Time) error { return nil }
