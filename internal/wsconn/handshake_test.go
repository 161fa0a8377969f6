package wsconn

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
	"github.com/echosvc/echosvc/internal/wstest"
)

// TestHandshakeSplitAnywhere: the request and the first frames arrive in two reads, or byte
// by byte.
func TestHandshakeSplitAnywhere(t *testing.T) {
	in := wstest.Request("Sec-WebSocket-Protocol: a, b") + string(wstest.Frame(0x81, "early")) + string(wstest.Frame(0x89, "p"))
	want := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nSec-WebSocket-Protocol: a\r\n\r\n\x81\x05early\x8a\x01p"
	for cut := range len(in) + 1 {
		c := newConnTest(t, nil)
		c.receive([]byte(in[:cut]))
		c.receive([]byte(in[cut:]))
		c.expect(socket.Read, want)
	}
	c := newConnTest(t, nil)
	for i := range len(in) {
		c.receive([]byte(in[i : i+1]))
	}
	c.expect(socket.Read, want)
}

func TestRefusedUpgradeIsAnsweredAndClosed(t *testing.T) {
	c := newConnTest(t, nil)
	c.receive([]byte("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n"))
	if got := string(c.sent); !strings.HasPrefix(got, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n") || c.step.Then != socket.ShutDown {
		t.Fatalf("sent %q, then %v", got, c.step.Then)
	}
	c.sent = nil
	c.receive([]byte("more"))
	c.expect(socket.Read)
	c.do(c.conn.EndOfInput(c.now))
	c.expect(socket.Close)
	if c.server.Admission.Open() != 0 || c.settings.Metrics.opened != 0 || strings.Contains(c.log.String(), "connection closed") {
		t.Error("a refused upgrade was counted as a connection")
	}
	if got := c.settings.Metrics.rejected; !slices.Equal(got, []wsproto.Reason{wsproto.ReasonConnection}) {
		t.Errorf("counted refusals %q", got)
	}
}

// TestRefusalsNameCauseAndFix, each once.
func TestRefusalsNameCauseAndFix(t *testing.T) {
	const head, key = "GET / HTTP/1.1\r\nHost: x\r\n", "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	for request, want := range map[string]string{
		head + "Connection: Upgrade\r\n" + key: `the request has WebSocket header fields but no "Upgrade: websocket" (RFC 6455 section 4.1); a proxy may have removed it (nginx: proxy_set_header Upgrade $http_upgrade)`,
		head + "Upgrade: websocket\r\n" + key:  `the request has "Upgrade: websocket" but no "Connection: Upgrade" (RFC 6455 section 4.1); a proxy may have removed it (nginx: proxy_set_header Connection upgrade)`,
		"GET / HTTP/1.0\r\nHost: x\r\n" + key:  "the request arrived as HTTP/1.0; a WebSocket upgrade needs HTTP/1.1 (RFC 6455 section 4.1); a proxy in front may speak HTTP/1.0 (nginx: proxy_http_version 1.1)",
		"GET / HTTP/2.0\r\nHost: x\r\n" + key:  `the version of the request is "HTTP/2.0"; this server supports HTTP/1.1`,
	} {
		c := newConnTest(t, nil)
		c.receive([]byte(request))
		if _, body, _ := strings.Cut(string(c.sent), "\r\n\r\n"); body != want+"\n" {
			t.Errorf("%q is answered with %q, want %q", request, body, want)
		}
	}
}

func TestPlainHTTPIsHijackedWithAllItsBytes(t *testing.T) {
	c := newConnTest(t, nil)
	c.receive([]byte("POST /x HTTP/1.1\r\n"))
	c.expect(socket.Read)
	c.receive([]byte("Content-Length: 4\r\n\r\nbody"))
	c.expect(socket.Hijack)
	if want := "POST /x HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody"; string(c.kept) != want {
		t.Errorf("kept %q, want %q", c.kept, want)
	}
}

func TestInvalidHeadsAreRefused(t *testing.T) {
	for _, test := range []struct{ name, head, want string }{
		{"too large", "GET / HTTP/1.1\r\n" + strings.Repeat("A: b\r\n", 2000) + "\r\n", "HTTP/1.1 431 "},
		{"not HTTP", "GET / SIP/2.0\r\n\r\n", "HTTP/1.1 400 "},
	} {
		c := newConnTest(t, nil)
		c.receive([]byte(test.head))
		if !strings.HasPrefix(string(c.sent), test.want) {
			t.Errorf("%s: sent %q", test.name, c.sent)
		}
	}
}

func TestHandshakeTimeout(t *testing.T) {
	c := newConnTest(t, nil)
	c.at(9 * time.Second)
	c.receive([]byte("GET / HTTP/1.1\r\n")) // does not extend the time-out
	c.wakeAt(10 * time.Second)
	if got := string(c.sent); !strings.HasPrefix(got, "HTTP/1.1 408 ") || !strings.Contains(got, "HANDSHAKE_TIMEOUT=10s") || c.step.Then != socket.ShutDown {
		t.Fatalf("sent %q, then %v", got, c.step.Then)
	}
	if got := c.settings.Metrics.rejected; !slices.Equal(got, []wsproto.Reason{ReasonTimeout}) {
		t.Errorf("counted refusals %q", got)
	}
	silent := newConnTest(t, nil)
	silent.wakeAt(10 * time.Second)
	silent.expect(socket.Close)
}
