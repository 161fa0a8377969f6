package wsconn

import (
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/wstest"
)

func TestView(t *testing.T) {
	c := newConnTest(t, nil)
	if c.conn.Established() {
		t.Error("a connection is listed before its handshake")
	}
	request := strings.Replace(wstest.Request("Sec-WebSocket-Protocol: chat", "Origin: https://example.com", "User-Agent: \xff/1\u202e\u009b"), "GET /", "GET /a/b?token=secret", 1)
	c.receive([]byte(request))
	c.at(2 * time.Second)
	c.receive(wstest.Frame(0x82, "12345"))
	c.conn.rtt = toMicroseconds(1500 * time.Microsecond)
	v := c.conn.View(100)
	want := Info{
		ID: 1, Remote: "192.0.2.1:5000", Path: "/a/b", Host: "localhost", Origin: "https://example.com", UserAgent: `\xff/1\u202e\u009b`,
		Since: c.server.Clock(beginning), LastActivity: c.server.Clock(c.now), Messages: 1, Bytes: 5, Held: 100, Subprotocol: "chat", RTT: 1.5, State: "open",
	}
	if got := v.Info(c.server.Clock); !c.conn.Established() || got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for column, want := range map[Column]int64{
		ByID: 1, BySince: int64(beginning), ByActivity: int64(c.now), ByMessages: 1, ByBytes: 5, ByHeld: 100, ByRTT: 1500, ByEnd: 0, ByDuration: 0,
	} {
		if got := v.Number(column); got != want {
			t.Errorf("column %d is %d, want %d", column, got, want)
		}
	}
}

// TestPeerIsBounded: of each field that the client chooses, 128 bytes are kept.
func TestPeerIsBounded(t *testing.T) {
	long := strings.Repeat("x", 1000)
	c := newConnTest(t, nil).openWith(strings.Replace(wstest.Request("Origin: https://"+long, "User-Agent: "+long, "User-Agent: second"), "GET /", "GET /"+long, 1))
	v := c.conn.View(0)
	info := v.Info(c.server.Clock)
	for name, got := range map[string]string{"path": info.Path, "origin": info.Origin, "user agent": info.UserAgent} {
		if len(got) != maxPeerField {
			t.Errorf("of the %s %d bytes are kept", name, len(got))
		}
	}
	if n := len(c.conn.peer); n > 4*(maxPeerField+1)+len("192.0.2.1:5000\n") {
		t.Errorf("%d bytes are kept", n)
	}
}

// TestCommonHost: the Host of the first request is not kept by each connection.
func TestCommonHost(t *testing.T) {
	c := newConnTest(t, nil).open()
	if got := string(c.conn.peer); got != "192.0.2.1:5000" {
		t.Errorf("%q is kept", got)
	}
	for _, host := range []string{"localhost", "echo.example.com"} {
		one := c.another().openWith(strings.Replace(wstest.Request(), "Host: localhost\r\n", "Host: "+host+"\r\n", 1))
		if v := one.conn.View(0); v.host != host {
			t.Errorf("the Host %q is shown as %q", host, v.host)
		}
	}
	var none commonHost
	if got := none.full(""); got != "" {
		t.Errorf("the Host before any request is %q", got)
	}
}

// TestPeerWithoutRequest has the addresses alone.
func TestPeerWithoutRequest(t *testing.T) {
	for _, client := range []string{"", "198.51.100.7"} {
		p := newPeer("192.0.2.1:5000", client)
		if p.remote() != "192.0.2.1:5000" || p.client() != client || p.path() != "/" || p.field(peerUserAgent) != "" {
			t.Errorf("%q has %q, %q, %q, %q", p, p.remote(), p.client(), p.path(), p.field(peerUserAgent))
		}
	}
}
