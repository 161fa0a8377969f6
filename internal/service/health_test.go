package service

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/wsconn"
	"github.com/echosvc/echosvc/internal/wstest"
)

func TestHealthOnBothPorts(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		for _, addr := range []string{r.addr, r.health} {
			for _, path := range []string{"/healthz", "/readyz"} {
				if got := get(t, "http://"+addr+path); got != 200 {
					t.Errorf("%s%s is %d", addr, path, got)
				}
			}
		}
		if strings.Contains(r.log.String(), `"level":"INFO","msg":"http request"`) {
			t.Error("probes are logged at info")
		}
	})
}

func TestConnectionsAreListed(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		first := wstest.Dial(t, r.addr, "Sec-WebSocket-Protocol: chat")
		second := wstest.Dial(t, r.addr)
		second.Send(wstest.Frame(0x82, "12345"))
		second.Expect(frame(0x82, "12345"))
		response, err := http.Get("http://" + r.health + "/connections")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		defer http.DefaultClient.CloseIdleConnections()
		var got struct {
			Count       int
			Connections []wsconn.Info
		}
		if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
			t.Fatal(err)
		}
		if got.Count != 2 || len(got.Connections) != 2 {
			t.Fatalf("got %+v", got)
		}
		a, b := got.Connections[0], got.Connections[1]
		if a.Remote != first.LocalAddr().String() || a.Subprotocol != "chat" || a.State != "open" || time.Since(a.Since) > wstest.Patience {
			t.Errorf("the first is %+v", a)
		}
		if b.Remote != second.LocalAddr().String() || b.Messages != 1 || b.Bytes != 5 || b.ID <= a.ID {
			t.Errorf("the second is %+v", b)
		}
	})
}

func TestCheckHealth(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		port := func(addr string) config.Port { return config.Port(wstest.Port(t, addr)) }
		for name, c := range map[string]config.Config{
			"health port":    {HealthPort: port(r.health)},
			"WebSocket port": {Port: port(r.addr)},
			"host":           {Host: "127.0.0.1", Port: port(r.addr)},
			"all addresses":  {Host: "0.0.0.0", HealthPort: port(r.health)},
		} {
			if err := CheckHealth(context.Background(), c); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		free := loopback(t)
		free.Close()
		if err := CheckHealth(context.Background(), config.Config{Port: port(free.Addr().String())}); err == nil {
			t.Error("healthy where nothing listens")
		}
		if err := CheckHealth(context.Background(), config.Config{}); err == nil || !strings.Contains(err.Error(), "free port") {
			t.Errorf("with PORT=0: %v", err)
		}
	})
}

// TestUpgradeRequired_RFC9110_Section15_5_22: who meant to open a WebSocket is told how.
func TestUpgradeRequired_RFC9110_Section15_5_22(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		for _, path := range []string{"/.ws", "/ws", "/after/a/prefix/ws"} {
			c := wstest.Connect(t, r.addr)
			// A second request, and an upgrade, behind the first: neither may be answered.
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

// TestEveryPlainResponseCloses, whatever makes it.
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
		c.Send([]byte("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n"), []byte(wstest.Request()), wstest.Frame(0x81, "x"))
		response := c.Response()
		io.Copy(io.Discard, response.Body)
		if response.StatusCode != 400 || !response.Close {
			t.Errorf("answered with %s, close %v", response.Status, response.Close)
		}
		c.ExpectEnd()
	})
}

// TestHTTPErrorsOfThePort: what is not HTTP at all is told so.
func TestHTTPErrorsOfThePort(t *testing.T) {
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
