package service

import (
	"io"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/wstest"
)

// TestUpgradeRequired_RFC9110_Section15_5_22: a path that most likely means a WebSocket is
// answered with how to open one.
func TestUpgradeRequired_RFC9110_Section15_5_22(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		for _, path := range []string{"/.ws", "/ws", "/after/a/prefix/ws"} {
			c := wstest.Connect(t, r.addr)
			// The request that follows on the same connection must not be answered.
			c.Send([]byte("POST " + path + " HTTP/1.1\r\nHost: echo.example\r\nContent-Length: 4\r\n\r\nbody" + wstest.Request()))
			response := c.Response()
			body, _ := io.ReadAll(response.Body)
			if response.StatusCode != 426 || response.Header.Get("Upgrade") != "websocket" || !response.Close ||
				!strings.Contains(string(body), `new WebSocket("ws://echo.example`+path+`")`) {
				t.Errorf("%s is answered with %s, %v, %q", path, response.Status, response.Header, body)
			}
			c.ExpectEnd()
		}
	})
}

// TestEveryPlainResponseCloses: no response keeps the connection open, whether a handler or
// net/http itself makes it.
func TestEveryPlainResponseCloses(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		for _, request := range []string{
			"GET /healthz HTTP/1.1\r\nHost: x\r\n", "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n", "GET //x HTTP/1.1\r\nHost: x\r\n",
			"OPTIONS * HTTP/1.1\r\nHost: x\r\n", "PUT /readyz HTTP/1.1\r\nHost: x\r\n", "GET / HTTP/1.1\r\nHost: x\r\nExpect: more\r\n",
			"GET / HTTP/1.1\r\n", "CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n", "GET /echo HTTP/1.0\r\n", "GET http://x/healthz HTTP/1.1\r\nHost: y\r\n", "GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n",
		} {
			c := wstest.Connect(t, r.addr)
			c.Send([]byte(request + "\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"))
			response := c.Response()
			io.Copy(io.Discard, response.Body)
			if !response.Close {
				t.Errorf("%q is answered with %s, %v", request, response.Status, response.Header)
			}
			c.ExpectEnd()
		}
	})
}

func TestRefusedUpgradeClosesTheConnection(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		c := wstest.Connect(t, r.addr)
		c.Send([]byte("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n"))
		// The server waits a second for what is in flight. After that, writing fails.
		c.Write([]byte(wstest.Request()))
		c.Write(wstest.Frame(0x81, "x"))
		response := c.Response()
		io.Copy(io.Discard, response.Body)
		if response.StatusCode != 400 || !response.Close {
			t.Errorf("answered with %s, close %v", response.Status, response.Close)
		}
		c.ExpectEnd()
	})
}

// TestInvalidHTTPIsRefused with an HTTP error.
func TestInvalidHTTPIsRefused(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		for in, want := range map[string]int{
			"\x16\x03\x01\x02\x00":   400,
			"GET / HTTP/1.1\nA: b\n": 400,
			"PRI * HTTP/2.0\r\n\r\n": 505,
		} {
			c := wstest.Connect(t, r.addr)
			c.Send([]byte(in))
			if got := c.Response(); got.StatusCode != want || !got.Close {
				t.Errorf("%q is answered with %s, close %v", in, got.Status, got.Close)
			}
		}
	})
}
