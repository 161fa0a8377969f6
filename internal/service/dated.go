package service

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/echosvc/echosvc/internal/httpecho"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// dated is a listener whose connections correct how net/http treats requests that it cannot read:
// net/http refuses empty lines before the request line (RFC 9112 section 2.2), its own responses
// have no Date (RFC 9110 section 6.6.1), and those to HEAD have a body (section 9.3.2).
type dated struct {
	net.Listener
	now func() time.Time
}

func (l dated) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &datedConn{Conn: nc, now: l.now}, nil
}

type datedConn struct {
	net.Conn
	now     func() time.Time
	begun   bool   // the first request line has begun
	skipped int    // bytes of empty lines before it
	method  []byte // the first bytes since the last response, as many as "HEAD " has
}

// Read reads requests without the empty lines before the first one. net/http itself skips those
// after the body of a POST, where some clients send one.
func (c *datedConn) Read(p []byte) (n int, err error) {
	for n == 0 && err == nil && len(p) > 0 {
		n, err = c.Conn.Read(p)
		if !c.begun {
			n = c.skipEmptyLines(p[:n])
		}
	}
	c.method = append(c.method, p[:min(n, len(isHEAD)-len(c.method))]...)
	return n, err
}

// skipEmptyLines takes CR LF off the beginning of p, up to [wsproto.MaxEmptyLines] times. It returns
// how many bytes are left.
func (c *datedConn) skipEmptyLines(p []byte) int {
	i := 0
	for i < len(p) && c.skipped < len("\r\n")*wsproto.MaxEmptyLines && p[i] == "\r\n"[c.skipped%2] {
		i++
		c.skipped++
	}
	if c.begun = i < len(p); c.begun && c.skipped%2 == 1 {
		p[i] = '\r' // alone: the request is not valid
	}
	return copy(p, p[i:])
}

const isHEAD = "HEAD "

// undated is the head of net/http's own responses, after the status line. net/http writes each
// response in one piece.
var undated = []byte("Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n")

func (c *datedConn) Write(p []byte) (int, error) {
	head := string(c.method) == isHEAD
	c.method = c.method[:0]
	status, rest, _ := bytes.Cut(p, []byte("\r\n"))
	if !bytes.HasPrefix(rest, undated) {
		return c.Conn.Write(p)
	}
	if head {
		rest = undated
	}
	_, err := c.Conn.Write(fmt.Appendf(nil, "%s\r\nDate: %s\r\n%s", status, c.now().UTC().Format(http.TimeFormat), rest))
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// NetConn returns the connection below.
func (c *datedConn) NetConn() net.Conn { return c.Conn }

// CloseWrite is for net/http.
func (c *datedConn) CloseWrite() error { return httpecho.CloseWrite(c.Conn) }
