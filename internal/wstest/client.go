package wstest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Patience is how long a client waits before its test fails. No test should come near it.
const Patience = 60 * time.Second

// Client is a raw WebSocket client: it sends what libraries will not send.
type Client struct {
	net.Conn
	t      testing.TB
	r      *bufio.Reader
	unread []byte // of a frame that is not complete
}

// Port is the port of an address, as a number.
func Port(t testing.TB, addr string) int {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Request is an upgrade request with additional header lines.
func Request(lines ...string) string {
	lines = append([]string{
		"GET / HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
	}, lines...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// Connect opens a TCP connection that is closed with the test.
func Connect(t testing.TB, addr string) *Client {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(Patience))
	return NewClient(t, nc)
}

// NewClient makes a client of a connection. t may be nil for one whose methods with errors
// alone are called.
func NewClient(t testing.TB, nc net.Conn) *Client {
	return &Client{Conn: nc, t: t, r: bufio.NewReader(nc)}
}

// SkipHead reads the head of a response.
func (c *Client) SkipHead() error {
	for {
		line, err := c.r.ReadString('\n')
		if err != nil || line == "\r\n" {
			return err
		}
	}
}

// Dial opens a WebSocket.
func Dial(t testing.TB, addr string, lines ...string) *Client {
	t.Helper()
	c := Connect(t, addr)
	c.Send([]byte(Request(lines...)))
	if r := c.Response(); r.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the upgrade was answered with %s", r.Status)
	}
	return c
}

// Send writes bytes as they are.
func (c *Client) Send(p ...[]byte) {
	c.t.Helper()
	for _, p := range p {
		if _, err := c.Write(p); err != nil {
			c.t.Fatal(err)
		}
	}
}

// Response reads an HTTP response. Its body is to be read before anything else.
func (c *Client) Response() *http.Response {
	c.t.Helper()
	r, err := http.ReadResponse(c.r, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

// Frame reads a frame. The error is io.EOF when the server has ended the connection
// behind a frame.
func (c *Client) Frame() (ServerFrame, error) {
	for {
		f, rest, ok, err := cutFrame(c.unread)
		if ok || err != nil {
			c.unread = rest
			return f, err
		}
		p := make([]byte, 64<<10)
		n, err := c.r.Read(p)
		c.unread = append(c.unread, p[:n]...)
		if err != nil && n == 0 {
			if err == io.EOF && len(c.unread) > 0 {
				err = fmt.Errorf("the server ended within a frame: %w", io.ErrUnexpectedEOF)
			}
			return ServerFrame{}, err
		}
	}
}

// Expect reads as many frames as are given, and fails unless they are the same.
func (c *Client) Expect(want ...ServerFrame) {
	c.t.Helper()
	for _, want := range want {
		if got, err := c.Frame(); err != nil || got != want {
			c.t.Fatalf("read %v, %v; want %v", got, err, want)
		}
	}
}

// ExpectClose reads a close frame with the code, then the end, and no reset. It returns
// the reason.
func (c *Client) ExpectClose(code int) (reason string) {
	c.t.Helper()
	f, err := c.Frame()
	if err != nil || f.First != 0x88 || len(f.Payload) < 2 || int(f.Payload[0])<<8|int(f.Payload[1]) != code {
		c.t.Fatalf("read %v, %v; want a close frame with %d", f, err, code)
	}
	c.ExpectEnd()
	return f.Payload[2:]
}

// ExpectEnd reads the end: nothing more, and no reset.
func (c *Client) ExpectEnd() {
	c.t.Helper()
	if f, err := c.Frame(); err != io.EOF {
		c.t.Fatalf("read %v, %v; want the end", f, err)
	}
}
