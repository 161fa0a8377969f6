package service

import (
	"crypto/tls"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/wsproto"
	"github.com/echosvc/echosvc/internal/wstest"
)

func TestHealthPort(t *testing.T) {
	r := start(t, "portable", nil)
	port := "PORT, which is " + strconv.Itoa(int(wstest.Port(t, r.addr)))
	upgrade := func(target string) string { return strings.Replace(wstest.Request(), "GET / ", "GET "+target+" ", 1) }
	for _, test := range []struct {
		name, request string
		status        int
		allow, body   string // body is a part of it
	}{
		{"an upgrade", upgrade("/"), 400, "", port},
		{"an upgrade of a path with health", upgrade("/readyz"), 400, "", port},
		{"an upgrade after a proxy", "GET /x HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Version: 13\r\n\r\n", 400, "", port},
		{"the root", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 200, "", port},
		{"an unknown path", "GET /x HTTP/1.1\r\nHost: x\r\n\r\n", 404, "", port},
		{"a profile", "GET /debug/pprof/ HTTP/1.1\r\nHost: x\r\n\r\n", 404, "", port},
		{"POST /", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 405, healthMethods, "POST"},
		{"HAProxy's default check", "OPTIONS / HTTP/1.0\r\n\r\n", 204, healthMethods, ""},
		{"OPTIONS of the server", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 204, healthMethods, ""},
		{"OPTIONS of an unknown path", "OPTIONS /x HTTP/1.1\r\nHost: x\r\n\r\n", 404, "", port},
		{"OPTIONS /metrics", "OPTIONS /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 204, healthMethods, ""},
		{"POST /metrics", "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 405, healthMethods, `The method is "POST"; /metrics allows GET, HEAD, OPTIONS.`},
		{"lower case", "get /connections HTTP/1.1\r\nHost: x\r\n\r\n", 405, healthMethods, `"get"`},
		{"GET /metrics", "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 200, "", "echosvc_websocket_connections 0"},
		{"GET /connections", "GET /connections HTTP/1.1\r\nHost: x\r\n\r\n", 200, "", `"count": 0`},
	} {
		c := wstest.Connect(t, r.health)
		c.Send([]byte(test.request))
		response := c.Response()
		body, _ := io.ReadAll(response.Body)
		if response.StatusCode != test.status || response.Header.Get("Allow") != test.allow || !strings.Contains(string(body), test.body) || response.Header.Get("Date") == "" {
			t.Errorf("%s is answered with %s, %v, %.200q", test.name, response.Status, response.Header, body)
		}
	}
	for _, target := range []string{"/", "/metrics", "/connections", "/nowhere"} {
		c := wstest.Connect(t, r.health)
		c.Send([]byte("HEAD " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
		if all, err := io.ReadAll(c); err != nil || !strings.HasSuffix(string(all), "\r\n\r\n") {
			t.Errorf("HEAD %s is answered with %q, %v", target, all, err)
		}
	}
}

// TestIdleConnectionsOfTheHealthPort outlast Prometheus' interval of 60 s.
func TestIdleConnectionsOfTheHealthPort(t *testing.T) {
	r := start(t, "portable", nil)
	if got := r.Service.health.IdleTimeout; got != 3*time.Minute {
		t.Errorf("the idle time-out is %v", got)
	}
}

// TestLongHeadsOverSockets: an upgrade and a plain request with the longest head that is
// allowed, in pieces, over TCP and TLS.
func TestLongHeadsOverSockets(t *testing.T) {
	field := func(n int) string { return "X: " + strings.Repeat("x", n-len("X: \r\n")) + "\r\n" }
	long := func(head string) string {
		rest := wsproto.MaxHead - len(head)
		return strings.TrimSuffix(head, "\r\n") + field(rest/2) + field(rest-rest/2) + "\r\n"
	}
	send := func(c *wstest.Client, request string) {
		for len(request) > 0 {
			n := min(len(request), 10_000)
			c.Send([]byte(request[:n]))
			request = request[n:]
		}
	}
	check := func(t *testing.T, connect func() *wstest.Client) {
		upgrade := connect()
		send(upgrade, long(wstest.Request())+string(wstest.Frame(0x81, "early")))
		if err := upgrade.SkipHead(); err != nil {
			t.Fatal(err)
		}
		upgrade.Expect(frame(0x81, "early"))
		plain := connect()
		send(plain, long("GET /x HTTP/1.1\r\nHost: x\r\n\r\n"))
		response := plain.Response()
		if body, err := io.ReadAll(response.Body); response.StatusCode != 200 || len(body) < wsproto.MaxHead-1000 || err != nil {
			t.Errorf("a plain request is answered with %s, %d bytes, %v", response.Status, len(body), err)
		}
	}
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		check(t, func() *wstest.Client { return wstest.Connect(t, r.addr) })
	})
	eachDriver(t, func(t *testing.T, driver string) {
		r, _ := startTLS(t, driver)
		check(t, func() *wstest.Client {
			nc, err := tls.Dial("tcp", r.addr, &tls.Config{InsecureSkipVerify: true})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { nc.Close() })
			return wstest.NewClient(t, nc)
		})
	})
}

// TestControlsOfPlainHTTP over both drivers: a delay that the drain ends, and a drop.
func TestControlsOfPlainHTTP(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		dropped := wstest.Connect(t, r.addr)
		dropped.Send([]byte("GET /?drop=1 HTTP/1.1\r\nHost: x\r\n\r\n"))
		dropped.ExpectEnd()
		dialMany(t, r.addr, 1)
		delayed := wstest.Connect(t, r.addr)
		delayed.Send([]byte("GET /delayed?delay=1m&status=418 HTTP/1.1\r\nHost: x\r\n\r\n"))
		wstest.Eventually(t, "the request waits", func() bool { return strings.Contains(r.log.String(), "/delayed") })
		r.terminate()
		if response := delayed.Response(); response.StatusCode != 418 {
			t.Errorf("answered with %s", response.Status)
		}
	})
}

func TestPortOf(t *testing.T) {
	for _, test := range []struct {
		addr net.Addr
		want string
	}{
		{&net.TCPAddr{Port: 8080}, "PORT, which is 8080"},
		{&net.UnixAddr{Name: "/run/echosvc.sock", Net: "unix"}, "the Unix socket /run/echosvc.sock"},
	} {
		if got := portOf(test.addr); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}
