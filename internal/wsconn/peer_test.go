package wsconn

import (
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/clientaddr"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wstest"
)

const (
	headerV1    = "PROXY TCP4 198.51.100.7 10.0.0.1 56324 443\r\n"
	headerV2    = "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc6\x33\x64\x07\x0a\x00\x00\x01\xdc\x04\x01\xbb"
	headerLocal = "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"
)

// behindProxy returns a connection from a proxy that is trusted.
func behindProxy(t *testing.T, protocol clientaddr.Protocol) *connTest {
	t.Helper()
	c := newConnTest(t, nil)
	network, err := clientaddr.ParseNetwork("192.0.2.0/24")
	if err != nil {
		t.Fatal(err)
	}
	c.server.Clients = clientaddr.Rules{Trusted: []clientaddr.Network{network}, Protocol: protocol}
	return c
}

// TestClientIsShown in /connections, in the greeting and in the log.
func TestClientIsShown(t *testing.T) {
	for _, test := range []struct{ name, before, field, want string }{
		{"none", "", "", ""},
		{"X-Forwarded-For", "", "X-Forwarded-For: 1.1.1.1, 198.51.100.7", "198.51.100.7"},
		{"version 1", headerV1, "", "198.51.100.7:56324"},
		{"version 2", headerV2, "", "198.51.100.7:56324"},
		{"version 2, LOCAL", headerLocal, "", ""},
		{"version 1 and a field of the client", headerV1, "X-Forwarded-For: 1.1.1.1", "198.51.100.7:56324"},
	} {
		var lines []string
		if test.field != "" {
			lines = []string{test.field}
		}
		c := behindProxy(t, clientaddr.Optional)
		greeting := greeted(t, c, test.before+upgrade("greet=1", lines...))
		if greeting.Remote != "192.0.2.1:5000" || greeting.Client != test.want {
			t.Errorf("%s: the greeting has remote %q, client %q", test.name, greeting.Remote, greeting.Client)
		}
		v := c.conn.View(0)
		if info := v.Info(c.server.Clock); info.Remote != "192.0.2.1:5000" || info.Client != test.want {
			t.Errorf("%s: /connections has remote %q, client %q", test.name, info.Remote, info.Client)
		}
		c.do(c.conn.EndOfInput(c.now))
		line := c.closed()
		if client, has := line["client"]; line["remote"] != "192.0.2.1:5000" || has != (test.want != "") || has && client != test.want {
			t.Errorf("%s: logged remote %v, client %v", test.name, line["remote"], client)
		}
	}
}

// TestHeaderSplitAnywhere: a PROXY protocol header, the request and a frame arrive in two
// reads, or byte by byte.
func TestHeaderSplitAnywhere(t *testing.T) {
	for _, header := range []string{headerV1, headerV2, headerLocal} {
		in := header + wstest.Request() + string(wstest.Frame(0x81, "early"))
		want := newConnTest(t, nil)
		want.receive([]byte(in[len(header):]))
		for cut := range len(in) + 1 {
			c := behindProxy(t, clientaddr.Require)
			c.receive([]byte(in[:cut]))
			c.receive([]byte(in[cut:]))
			c.expect(socket.Read, string(want.sent))
		}
		c := behindProxy(t, clientaddr.Require)
		for i := range len(in) {
			c.receive([]byte(in[i : i+1]))
		}
		c.expect(socket.Read, string(want.sent))
	}
}

// TestPlainHTTPAfterAHeader: the HTTP server gets the request without the header.
func TestPlainHTTPAfterAHeader(t *testing.T) {
	c := behindProxy(t, clientaddr.Optional)
	c.receive([]byte(headerV2 + "GET /x HTTP/1.1\r\n"))
	c.expect(socket.Read)
	c.receive([]byte("Host: x\r\n\r\n"))
	c.expect(socket.Hijack)
	if want := "GET /x HTTP/1.1\r\nHost: x\r\n\r\n"; string(c.kept) != want {
		t.Errorf("kept %q, want %q", c.kept, want)
	}
}

func TestHeaderIsRefused(t *testing.T) {
	for _, test := range []struct {
		name     string
		protocol clientaddr.Protocol
		in       string
		want     string
	}{
		{"off, version 1", clientaddr.Off, headerV1 + wstest.Request(), "send-proxy"},
		{"off, version 2", clientaddr.Off, headerV2 + wstest.Request(), "send-proxy"},
		{"required", clientaddr.Require, wstest.Request(), "PROXY_PROTOCOL=require"},
		{"a second header", clientaddr.Require, headerV1 + headerV1 + wstest.Request(), "request line"},
		{"a second header, version 2", clientaddr.Require, headerV2 + headerV2 + wstest.Request(), ""},
	} {
		c := behindProxy(t, test.protocol)
		c.receive([]byte(test.in))
		if got := string(c.sent); !strings.HasPrefix(got, "HTTP/1.1 400 ") || !strings.Contains(got, test.want) || c.step.Then != socket.ShutDown {
			t.Errorf("%s: sent %q, then %v", test.name, got, c.step.Then)
		}
	}
}

// TestHealthCheckOfAProxy: a connection that has only a header ends in silence.
func TestHealthCheckOfAProxy(t *testing.T) {
	for _, header := range []string{headerV1, headerLocal} {
		c := behindProxy(t, clientaddr.Optional)
		c.receive([]byte(header))
		c.do(c.conn.EndOfInput(c.now))
		c.expect(socket.Close)
		c = behindProxy(t, clientaddr.Optional)
		c.receive([]byte(header))
		c.wakeAt(10 * time.Second)
		c.expect(socket.Close)
		if c.log.Len() > 0 {
			t.Errorf("logged %s", &c.log)
		}
	}
	c := behindProxy(t, clientaddr.Optional)
	c.receive([]byte(headerV1[:20]))
	c.wakeAt(10 * time.Second)
	if got := string(c.sent); !strings.HasPrefix(got, "HTTP/1.1 408 ") {
		t.Errorf("half a header is answered with %q", got)
	}
}

// TestRequestInClosedLine: the line at the end has what tells connections apart, bounded and
// escaped, and nothing of a query.
func TestRequestInClosedLine(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	for name, test := range map[string]struct {
		request string
		want    map[string]any
	}{
		"nothing": {wstest.Request(), map[string]any{"path": "/", "host": "localhost"}},
		"all": {
			upgrade("token=hunter2", "Origin: https://a.example", "User-Agent: a/1 (b)", "X-Request-Id: 7f-3", "traceparent: 00-"+trace+"-00f067aa0ba902b7-01"),
			map[string]any{"path": "/any/path", "host": "localhost", "origin": "https://a.example", "user_agent": "a/1 (b)", "request_id": "7f-3", "trace_id": trace},
		},
		"the first of two": {
			wstest.Request("X-Request-Id: 1", "x-request-id: 2"),
			map[string]any{"path": "/", "host": "localhost", "request_id": "1"},
		},
		"long": {
			strings.Replace(wstest.Request("User-Agent: "+long, "X-Request-Id: "+long, "traceparent: "+long), "GET /", "GET /"+long, 1),
			map[string]any{"path": "/" + long[:maxPeerField-1], "host": "localhost", "user_agent": long[:maxPeerField], "request_id": long[:maxPeerField]},
		},
		"not printable": {
			wstest.Request("User-Agent: \xff\xc2\x9b\u202e\ta\u00e4"),
			map[string]any{"path": "/", "host": "localhost", "user_agent": `\xff\u009b\u202e\u0009aä`},
		},
	} {
		c := newConnTest(t, nil).openWith(test.request)
		c.do(c.conn.EndOfInput(c.now))
		line := c.closed()
		for _, f := range requestFields {
			if line[f.name] != test.want[f.name] {
				t.Errorf("%s: logged %s=%v, want %v", name, f.name, line[f.name], test.want[f.name])
			}
		}
		if n := len(c.conn.peer); n > peerFields*(maxPeerField+1) {
			t.Errorf("%s: %d bytes are kept", name, n)
		}
	}
}

// TestTraceID_TraceContextSection3_2_2: only that of a valid traceparent counts.
func TestTraceID_TraceContextSection3_2_2(t *testing.T) {
	const trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	for header, want := range map[string]string{
		"00-" + trace + "-" + parent + "-01":                   trace,
		"00-" + trace + "-" + parent + "-00":                   trace,
		"01-" + trace + "-" + parent + "-01-more":              trace,
		"00-" + trace + "-" + parent + "-01-more":              "",
		"01-" + trace + "-" + parent + "-01more":               "",
		"ff-" + trace + "-" + parent + "-01":                   "",
		"00-" + strings.ToUpper(trace) + "-" + parent + "-01":  "",
		"00-" + strings.Repeat("0", 32) + "-" + parent + "-01": "",
		"00-" + trace[1:] + "-" + parent + "-01":               "",
		"00-" + trace + "-" + parent + "-0":                    "",
		"00_" + trace + "_" + parent + "_01":                   "",
		"":                                                     "",
		"00-" + trace[:31] + "\u00e4-" + parent + "-01":        "",
		"00-" + trace + "-" + parent[:15] + "g-01":             "",
	} {
		if got := traceID(header); got != want {
			t.Errorf("%q has the trace-id %q, want %q", header, got, want)
		}
	}
}
