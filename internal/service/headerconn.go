package service

import (
	"errors"
	"net"

	"github.com/echosvc/echosvc/internal/clientaddr"
)

// headerConn is a connection on which a PROXY protocol header may precede TLS. It takes the
// header off, whether the settings allow one or not: a client that is told so over TLS can
// read it.
type headerConn struct {
	net.Conn
	header []byte // the header, or nil
	ahead  []byte // what was read beyond it
	begun  bool   // the bytes after the header are being read
}

// errProxyHeader ends a connection whose PROXY protocol header is too long.
var errProxyHeader = errors.New("the PROXY protocol header is too long")

// Read reads what follows the header.
func (c *headerConn) Read(p []byte) (int, error) {
	if !c.begun {
		if err := c.readHeader(); err != nil {
			return 0, err
		}
		c.begun = true
	}
	if len(c.ahead) > 0 {
		n := copy(p, c.ahead)
		if c.ahead = c.ahead[n:]; len(c.ahead) == 0 {
			c.ahead = nil
		}
		return n, nil
	}
	return c.Conn.Read(p)
}

// readHeader reads until it is certain where the header ends, or that there is none.
func (c *headerConn) readHeader() error {
	buffer := make([]byte, 512)
	for {
		n, err := c.Conn.Read(buffer)
		if c.ahead = append(c.ahead, buffer[:n]...); err != nil {
			return err
		}
		length, more, ok := clientaddr.Split(c.ahead)
		switch {
		case !ok:
			return errProxyHeader
		case length > 0:
			c.header, c.ahead = c.ahead[:length:length], c.ahead[length:]
			return nil
		case !more:
			return nil
		}
	}
}
