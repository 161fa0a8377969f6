package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	coder "github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"
)

// TestControlsWithGorilla: each control has its effect on a gorilla/websocket client. The server sends
// no other pings: a pong that meets a closed connection would hide how it has ended.
func TestControlsWithGorilla(t *testing.T) {
	p := startProgram(t, "PING_INTERVAL=0", "CLOSE_TIMEOUT=300ms", "POD_NAME=echosvc-0", "DRAIN_SPREAD=0")
	tests := map[string]func(t *testing.T, c gorillaClient){
		"greet=1": func(t *testing.T, c gorillaClient) {
			var got struct {
				Pod, Remote, Request string
				Headers              []struct{ Name, Value string }
			}
			if err := c.ReadJSON(&got); err != nil || got.Pod != "echosvc-0" || got.Remote != c.LocalAddr().String() || got.Request != "GET /ws?greet=1 HTTP/1.1" || len(got.Headers) < 5 {
				t.Errorf("read %+v, %v", got, err)
			}
			echoes(t, c, true, "hello")
		},
		"delay=100ms": func(t *testing.T, c gorillaClient) {
			begin := time.Now()
			echoes(t, c, true, "hello")
			if took := time.Since(begin); took < 100*time.Millisecond {
				t.Errorf("the echo came after %v, want at least 100ms", took)
			}
		},
		"close_after=2&close_code=4000&close_reason=that+is+enough": func(t *testing.T, c gorillaClient) {
			echoes(t, c, true, "one")
			echoes(t, c, false, "two")
			if code, reason := c.closed(t); code != 4000 || reason != "that is enough" {
				t.Errorf("closed with %d %q", code, reason)
			}
		},
		"close_in=50ms": func(t *testing.T, c gorillaClient) {
			if code, _ := c.closed(t); code != 1000 {
				t.Errorf("closed with %d", code)
			}
		},
		"drop_after=1": func(t *testing.T, c gorillaClient) {
			echoes(t, c, true, "one")
			expectEOF(t, c)
		},
		"drop_in=50ms": expectEOF,
		"reset_after=1": func(t *testing.T, c gorillaClient) {
			if err := c.write(true, "one"); err != nil {
				t.Fatal(err)
			}
			expectReset(t, c) // the reset may destroy the echo
		},
		"reset_in=50ms": expectReset,
		"stall_in=0&every=10ms": func(t *testing.T, c gorillaClient) {
			c.write(true, "never answered")
			expectNumbers(t, c)
		},
		"ping=20ms": func(t *testing.T, c gorillaClient) {
			pinged := errors.New("pinged")
			c.SetPingHandler(func(string) error { return pinged })
			if _, _, err := c.read(); err != pinged {
				t.Errorf("read %v, want a ping", err)
			}
		},
		"pong=0": func(t *testing.T, c gorillaClient) {
			c.SetPongHandler(func(string) error { t.Error("received a pong"); return nil })
			if err := c.WriteControl(gorilla.PingMessage, []byte("ping"), time.Time{}); err != nil {
				t.Fatal(err)
			}
			echoes(t, c, true, "hello")
		},
		"fragment=2": func(t *testing.T, c gorillaClient) {
			if err := c.write(true, "hello"); err != nil {
				t.Fatal(err)
			}
			_, r, err := c.NextReader()
			if err != nil {
				t.Fatal(err)
			}
			var parts []string
			for part := make([]byte, 100); ; {
				n, err := r.Read(part) // stops at the end of a frame
				if n > 0 {
					parts = append(parts, string(part[:n]))
				}
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if got := strings.Join(parts, "|"); got != "he|ll|o" {
				t.Errorf("the fragments are %s, want he|ll|o", got)
			}
		},
		"every=10ms": expectNumbers,
		"close=ignore": func(t *testing.T, c gorillaClient) {
			echoes(t, c, true, "hello")
			if err := c.WriteMessage(gorilla.CloseMessage, gorilla.FormatCloseMessage(4000, "")); err != nil {
				t.Fatal(err)
			}
			expectEOF(t, c)
		},
	}
	for query, test := range tests {
		t.Run(query, func(t *testing.T) {
			c, _, err := gorilla.DefaultDialer.Dial("ws://"+p.addr+"/ws?"+query, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			test(t, gorillaClient{c})
		})
	}
}

// TestPingControlEndsThePings of PING_INTERVAL.
func TestPingControlEndsThePings(t *testing.T) {
	p := startProgram(t, "PING_INTERVAL=10ms", "DRAIN_SPREAD=0")
	raw, _, err := gorilla.DefaultDialer.Dial("ws://"+p.addr+"/ws?ping=0&every=50ms", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	c := gorillaClient{raw}
	c.SetPingHandler(func(string) error { t.Error("received a ping"); return nil })
	expectNumbers(t, c)
}

// expectEOF checks that TCP ends without a close frame.
func expectEOF(t *testing.T, c gorillaClient) {
	t.Helper()
	_, _, err := c.read()
	var closed *gorilla.CloseError // gorilla's error for it has the code 1006
	if !errors.As(err, &closed) || closed.Code != gorilla.CloseAbnormalClosure {
		t.Errorf("read %v, want the end of input", err)
	}
}

// expectReset reads until the connection is reset.
func expectReset(t *testing.T, c gorillaClient) {
	t.Helper()
	for {
		if _, _, err := c.read(); err != nil {
			if !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("read %v, want a reset", err)
			}
			return
		}
	}
}

// expectNumbers checks the first messages of the control every.
func expectNumbers(t *testing.T, c gorillaClient) {
	t.Helper()
	for _, want := range []string{"1", "2", "3"} {
		if text, got, err := c.read(); err != nil || !text || got != want {
			t.Fatalf("read %q, %v; want %s", got, err, want)
		}
	}
}

// TestHandshakeControlsWithCoder: a coder/websocket client sees the subprotocol and the
// extensions that controls choose.
func TestHandshakeControlsWithCoder(t *testing.T) {
	p := startProgram(t, "DRAIN_SPREAD=0")
	dial := func(query string) (*coder.Conn, string, string, error) {
		c, response, err := coder.Dial(context.Background(), "ws://"+p.addr+"/ws?"+query,
			&coder.DialOptions{Subprotocols: []string{"a", "b"}, CompressionMode: coder.CompressionContextTakeover})
		body := ""
		if err != nil {
			b, _ := io.ReadAll(response.Body)
			body = string(b)
		} else {
			t.Cleanup(func() { c.CloseNow() })
		}
		return c, response.Header.Get("Sec-WebSocket-Extensions"), body, err
	}
	if c, extensions, _, err := dial("subprotocol=b&deflate=0"); err != nil || c.Subprotocol() != "b" || extensions != "" {
		t.Errorf("subprotocol %q, extensions %q, error %v", c.Subprotocol(), extensions, err)
	} else {
		echoes(t, coderClient{c}, true, strings.Repeat("not compressed ", 100))
	}
	if c, extensions, _, err := dial("subprotocol=none"); err != nil || c.Subprotocol() != "" || !strings.HasPrefix(extensions, "permessage-deflate") {
		t.Errorf("subprotocol %q, extensions %q, error %v", c.Subprotocol(), extensions, err)
	}
	if c, _, _, err := dial("fragment=3"); err != nil {
		t.Error(err)
	} else {
		echoes(t, coderClient{c}, true, strings.Repeat("compressed, and in fragments ", 100))
	}
	if _, _, _, err := dial("subprotocol=other"); err == nil || !strings.Contains(err.Error(), "other") {
		t.Errorf("the client accepts a subprotocol that it did not offer: %v", err)
	}
	if _, _, body, err := dial("delay=soon"); err == nil || !strings.Contains(body, "The controls are greet=1, delay=250ms") {
		t.Errorf("a malformed control is answered with %q, %v", body, err)
	}
}

// TestHTTPEchoIdentity: the echo names the pod and the version.
func TestHTTPEchoIdentity(t *testing.T) {
	p := startProgram(t, "POD_NAME=echosvc-0", "POD_NAMESPACE=tools", "NODE_NAME=node-1")
	response, err := http.Get("http://" + p.addr + "/some/path")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var got struct{ Method, Path, Pod, Namespace, Node, Version string }
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil ||
		got.Method != "GET" || got.Path != "/some/path" || got.Pod != "echosvc-0" || got.Namespace != "tools" || got.Node != "node-1" || got.Version != version() {
		t.Errorf("answered with %+v, %v", got, err)
	}
}
