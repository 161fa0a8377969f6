package load

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// A conn is a connection to the server, with or without TLS. Its calls block until unblock.
type conn struct {
	fd      int
	tls     *tls.Conn // nil without TLS
	blocks  bool
	pending []byte // TLS records that the socket has not taken yet
}

// unblock makes the calls return EAGAIN instead of blocking.
func (c *conn) unblock() error {
	c.blocks = false
	return unix.SetNonblock(c.fd, true)
}

// read reads what has arrived. more reports whether there may be more to read without waiting.
func (c *conn) read(p []byte) (n int, more bool, err error) {
	if c.tls == nil {
		n, err = readSocket(c.fd, p)
		return n, n == len(p), err
	}
	n, err = c.tls.Read(p) // one record at most
	if _, ok := err.(wouldBlock); ok {
		err = unix.EAGAIN
	}
	return n, true, err
}

// write writes p or a part of it. Over TLS it takes all of p, and flush sends the rest.
func (c *conn) write(p []byte) (int, error) {
	if c.tls == nil {
		return writeSocket(c.fd, p)
	}
	n, err := c.tls.Write(p)
	if err == nil {
		err = c.flush()
	}
	return n, err
}

// flush sends pending TLS records. It returns EAGAIN if the socket does not take all of them.
func (c *conn) flush() error {
	for sent := 0; sent < len(c.pending); {
		n, err := writeSocket(c.fd, c.pending[sent:])
		if err != nil {
			c.pending = append(c.pending[:0], c.pending[sent:]...)
			return err
		}
		sent += n
	}
	c.pending = c.pending[:0]
	return nil
}

// reset closes the connection with a reset, which leaves no port in TIME_WAIT. There are only
// about 28,000 ports, and a run needs more.
func (c *conn) reset() {
	unix.SetsockoptLinger(c.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	unix.Close(c.fd)
}

// startTLS does the handshake of TLS, on a connection that blocks.
func (c *conn) startTLS(config *tls.Config) error {
	c.tls = tls.Client(records{c}, config)
	if err := c.tls.Handshake(); err != nil {
		return fmt.Errorf("TLS: %w", err)
	}
	return nil
}

func readSocket(fd int, p []byte) (n int, err error) {
	err = ignoringEINTR(func() (err error) {
		n, err = unix.Read(fd, p)
		return err
	})
	if err == nil && n == 0 {
		err = io.ErrUnexpectedEOF
	}
	return max(n, 0), err
}

func writeSocket(fd int, p []byte) (n int, err error) {
	err = ignoringEINTR(func() (err error) {
		n, err = unix.Write(fd, p)
		return err
	})
	return max(n, 0), err
}

// ignoringEINTR repeats a call while it is interrupted by a signal, such as the Go scheduler's.
func ignoringEINTR(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

// records is what crypto/tls reads records from and writes them to. After unblock, a record that
// has not arrived is a temporary error, which crypto/tls recovers from, and records to send are
// kept for flush, because crypto/tls does not recover from an error of Write.
type records struct{ conn *conn }

func (r records) Read(p []byte) (int, error) {
	n, err := readSocket(r.conn.fd, p)
	if err == unix.EAGAIN && !r.conn.blocks {
		err = wouldBlock{}
	}
	return n, err
}

func (r records) Write(p []byte) (int, error) {
	r.conn.pending = append(r.conn.pending, p...)
	if !r.conn.blocks {
		return len(p), nil
	}
	return len(p), r.conn.flush()
}

func (records) Close() error                     { return nil }
func (records) LocalAddr() net.Addr              { return nil }
func (records) RemoteAddr() net.Addr             { return nil }
func (records) SetDeadline(time.Time) error      { return nil }
func (records) SetReadDeadline(time.Time) error  { return nil }
func (records) SetWriteDeadline(time.Time) error { return nil }

// wouldBlock is the [net.Error] for EAGAIN.
type wouldBlock struct{}

func (wouldBlock) Error() string   { return "the read would block" }
func (wouldBlock) Timeout() bool   { return true }
func (wouldBlock) Temporary() bool { return true }
