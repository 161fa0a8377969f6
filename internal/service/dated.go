package service

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"time"
)

// dated is a listener whose connections add Date to responses without one (RFC 9110 section
// 6.6.1). net/http makes such responses itself when it cannot read a request.
type dated struct {
	net.Listener
	now func() time.Time
}

func (l dated) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &datedConn{nc, l.now}, nil
}

type datedConn struct {
	net.Conn
	now func() time.Time
}

// undated is the head of net/http's own responses, after the status line. It writes each in
// one piece.
var undated = []byte("Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n")

func (c *datedConn) Write(p []byte) (int, error) {
	status, rest, _ := bytes.Cut(p, []byte("\r\n"))
	if !bytes.HasPrefix(rest, undated) {
		return c.Conn.Write(p)
	}
	_, err := c.Conn.Write(fmt.Appendf(nil, "%s\r\nDate: %s\r\n%s", status, c.now().UTC().Format(http.TimeFormat), rest))
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// NetConn returns the connection below.
func (c *datedConn) NetConn() net.Conn { return c.Conn }

// CloseWrite lets net/http end a response without a reset when there is unread input.
func (c *datedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return net.ErrClosed
}
