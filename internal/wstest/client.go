package wstest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// Patience is how long a client waits before its test fails. It is far longer than any test takes.
const Patience = 60 * time.Second

// A Client is a raw WebSocket client, which can send what WebSocket libraries refuse to send.
type Client struct {
	net.Conn
	t      testing.TB
	r      *bufio.Reader
	unread []byte // the beginning of an incomplete frame
}

// Port returns the port of an IP address with a port.
func Port(t testing.TB, addr string) int {
	t.Helper()
	parsed, err := netip.ParseAddrPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return int(parsed.Port())
}

// Request returns an upgrade request with additional header lines.
func Request(lines ...string) string {
	lines = append([]string{
		"GET / HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
	}, lines...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// Connect opens a TCP connection, which is closed at the end of the test.
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

// NewClient returns a client that uses nc. t may be nil if only methods that return an error are
// called.
func NewClient(t testing.TB, nc net.Conn) *Client {
	return &Client{Conn: nc, t: t, r: bufio.NewReader(nc)}
}

// SkipHead reads and discards the head of an HTTP response.
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
		t.Fatalf("the response to the upgrade is %s", r.Status)
	}
	return c
}

// Send writes bytes without framing them.
func (c *Client) Send(p ...[]byte) {
	c.t.Helper()
	for _, p := range p {
		if _, err := c.Write(p); err != nil {
			c.t.Fatal(err)
		}
	}
}

// Response reads an HTTP response. The caller reads its body before anything else.
func (c *Client) Response() *http.Response {
	c.t.Helper()
	r, err := http.ReadResponse(c.r, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

// Frame reads a frame. The error is io.EOF if the server closed the connection after a complete
// frame.
func (c *Client) Frame() (ServerFrame, error) {
	for {
		f, rest, ok, err := parseFrame(c.unread)
		if ok || err != nil {
			c.unread = rest
			return f, err
		}
		p := make([]byte, 64<<10)
		n, err := c.r.Read(p)
		c.unread = append(c.unread, p[:n]...)
		if err != nil && n == 0 {
			if err == io.EOF && len(c.unread) > 0 {
				err = fmt.Errorf("the connection ended within a frame: %w", io.ErrUnexpectedEOF)
			}
			return ServerFrame{}, err
		}
	}
}

// Expect reads one frame for each in want, and fails the test unless they are equal.
func (c *Client) Expect(want ...ServerFrame) {
	c.t.Helper()
	for _, want := range want {
		if got, err := c.Frame(); err != nil || got != want {
			c.t.Fatalf("read %v, %v; want %v", got, err, want)
		}
	}
}

// ExpectClose reads a close frame with the code, then the end of the connection, which must not
// be a reset. It returns the reason.
func (c *Client) ExpectClose(code int) (reason string) {
	c.t.Helper()
	f, err := c.Frame()
	if err != nil || f.First != 0x88 || len(f.Payload) < 2 || int(f.Payload[0])<<8|int(f.Payload[1]) != code {
		c.t.Fatalf("read %v, %v; want a close frame with %d", f, err, code)
	}
	c.ExpectEnd()
	return f.Payload[2:]
}

// ExpectEnd fails the test unless the connection ends with no further frame and no reset.
func (c *Client) ExpectEnd() {
	c.t.Helper()
	if f, err := c.Frame(); err != io.EOF {
		c.t.Fatalf("read %v, %v; want EOF", f, err)
	}
}
