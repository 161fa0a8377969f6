package service

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/wstest"
)

// upgrade returns an upgrade request with a query.
func upgrade(query string) string {
	return strings.Replace(wstest.Request(), "GET /", "GET /any/path?"+query, 1)
}

// dialControlled opens a WebSocket with a query.
func dialControlled(t *testing.T, addr, query string) *wstest.Client {
	t.Helper()
	c := wstest.Connect(t, addr)
	c.Send([]byte(upgrade(query)))
	if response := c.Response(); response.StatusCode != 101 {
		t.Fatalf("answered with %s", response.Status)
	}
	return c
}

// expectReset checks that the connection is reset before anything can be read.
func expectReset(t *testing.T, c *wstest.Client) {
	t.Helper()
	if f, err := c.Frame(); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read %v, %v; want a reset", f, err)
	}
}

// TestControlsOverSockets tests the controls that need support by the driver.
func TestControlsOverSockets(t *testing.T) {
	tests := map[string]func(t *testing.T, c *wstest.Client){
		"drop_after=1": func(t *testing.T, c *wstest.Client) {
			c.Send(wstest.Frame(0x81, "a"), wstest.Frame(0x81, "unread"))
			c.Expect(frame(0x81, "a"))
			c.ExpectEnd()
		},
		"drop_in=10ms": func(t *testing.T, c *wstest.Client) { c.ExpectEnd() },
		"reset_after=1": func(t *testing.T, c *wstest.Client) {
			c.Send(wstest.Frame(0x81, "a"))
			if f, err := c.Frame(); err == nil { // the reset may destroy the echo
				if f != frame(0x81, "a") {
					t.Errorf("read %v", f)
				}
				expectReset(t, c)
			} else if !errors.Is(err, syscall.ECONNRESET) {
				t.Error(err)
			}
		},
		"reset_in=10ms": expectReset,
		"close_in=10ms&close_code=4001&close_reason=enough": func(t *testing.T, c *wstest.Client) {
			c.Expect(frame(0x88, "\x0f\xa1enough"))
			c.Send(wstest.Frame(0x88, "\x0f\xa1"))
			c.ExpectEnd()
		},
		"stall_in=0&close_in=200ms": func(t *testing.T, c *wstest.Client) {
			go c.Conn.Write(slices.Concat(wstest.Frame(0x82, strings.Repeat("x", 8<<20)), wstest.Frame(0x88, "\x03\xe8")))
			c.ExpectClose(1000)
		},
		"stall_in=10ms&reset_in=50ms": expectReset,
		"delay=100ms": func(t *testing.T, c *wstest.Client) {
			begin := time.Now()
			c.Send(wstest.Frame(0x81, "a"))
			c.Expect(frame(0x81, "a"))
			if took := time.Since(begin); took < 100*time.Millisecond {
				t.Errorf("the echo came after %v, want at least 100ms", took)
			}
			echoesLarge(t, c, 3<<20)
		},
		"fragment=1":              func(t *testing.T, c *wstest.Client) { echoesLarge(t, c, 300_000) },
		"fragment=1000&delay=1ms": func(t *testing.T, c *wstest.Client) { echoesLarge(t, c, 3<<20) },
		"fragment=60000":          func(t *testing.T, c *wstest.Client) { echoesLarge(t, c, 3<<20) },
		"every=10ms": func(t *testing.T, c *wstest.Client) {
			c.Expect(frame(0x81, "1"), frame(0x81, "2"), frame(0x81, "3"))
		},
		"every=10ms&delay=30ms&ping=10ms": func(t *testing.T, c *wstest.Client) { // woken during a delay
			c.Send(wstest.Frame(0x82, "a"))
			for seen := map[byte]bool{}; !seen[0x81] || !seen[0x82] || !seen[0x89]; {
				f, err := c.Frame()
				if err != nil {
					t.Fatal(err)
				}
				seen[f.First] = true
			}
		},
		"pong=0": func(t *testing.T, c *wstest.Client) {
			c.Send(wstest.Frame(0x89, "p"), wstest.Frame(0x81, "a"))
			c.Expect(frame(0x81, "a"))
		},
		"greet=1": func(t *testing.T, c *wstest.Client) {
			f, err := c.Frame()
			var got struct{ Remote string }
			if err != nil || json.Unmarshal([]byte(f.Payload), &got) != nil || got.Remote != c.LocalAddr().String() {
				t.Errorf("read %v, %v", f, err)
			}
		},
	}
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		for query, test := range tests {
			t.Run(query, func(t *testing.T) { test(t, dialControlled(t, r.addr, query)) })
		}
	})
}

// TestCloseIsIgnoredUntilCloseTimeout: then TCP ends without a close frame.
func TestCloseIsIgnoredUntilCloseTimeout(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, func(c *config.Config) { c.CloseTimeout = 50 * time.Millisecond })
		c := dialControlled(t, r.addr, "close=ignore")
		c.Send(wstest.Frame(0x88, "\x03\xe8"))
		c.ExpectEnd()
	})
}

// echoesLarge sends a message of n bytes and checks the echo, which it reads meanwhile.
func echoesLarge(t *testing.T, c *wstest.Client, n int) {
	t.Helper()
	payload := strings.Repeat("0123456789abcdef", n/16)
	go c.Conn.Write(wstest.Frame(0x82, payload))
	var got strings.Builder
	for {
		f, err := c.Frame()
		if err != nil {
			t.Fatal(err)
		}
		got.WriteString(f.Payload)
		if f.First&0x80 != 0 {
			break
		}
	}
	if got.String() != payload {
		t.Error("another message came back")
	}
}

// TestDrainReachesPausedConnections: a stalled or delayed connection gets a close frame at
// once.
func TestDrainReachesPausedConnections(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		var clients []*wstest.Client
		for _, query := range []string{"stall_in=0", "delay=1m", "stall_in=0&ping=0&pong=0"} {
			c := dialControlled(t, r.addr, query)
			c.Send(wstest.Frame(0x81, "never answered"))
			clients = append(clients, c)
		}
		r.terminate()
		for _, c := range clients {
			c.Expect(frame(0x88, "\x03\xe9the server is shutting down"))
			c.Send(wstest.Frame(0x88, "\x03\xe9"))
			c.ExpectEnd()
			c.Close()
		}
		if got := r.line("drained"); got["clean"] != 3.0 {
			t.Errorf("logged %v", got)
		}
	})
}
