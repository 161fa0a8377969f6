package probe

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/echosvc/echosvc/internal/wstest"
)

func TestNewTarget(t *testing.T) {
	for raw, want := range map[string]string{
		"ws://localhost:8080/": "ws://localhost:8080/", "wss://example.com/a/b?c=d": "wss://example.com/a/b?c=d", "ws://[::1]:80": "ws://[::1]:80",
		"http://localhost/": "ws://localhost/", "https://example.com/a?b=c": "wss://example.com/a?b=c", "HTTPS://example.com": "wss://example.com",
		"localhost:8080": "ws://localhost:8080", "example.com": "ws://example.com", "example.com/a?b=c": "ws://example.com/a?b=c",
		"127.0.0.1:8080": "ws://127.0.0.1:8080", "[::1]:8080": "ws://[::1]:8080", "example.com:443": "wss://example.com:443", "user:secret@example.com": "ws://user:secret@example.com",
		"ftp://localhost/": "", "ws:///path": "", "ws://a/#b": "", "": "", "/path": "", ":8080": "", "ws://a:b:c/": "", "ws:a": "", "a b": "",
		"::1": "", "::1:80": "", "fe80::1": "", "ws:localhost:80": "", "ws://[::1": "", "localhost:65536": "", "localhost:http": "", "8080": "", "ws://8080/": "",
		" localhost:80\n": "ws://localhost:80", "localhost:65535": "ws://localhost:65535", "a1:80": "ws://a1:80", "localhost:": "ws://localhost:",
	} {
		target, err := NewTarget(raw)
		switch {
		case want == "":
			if err == nil || !strings.Contains(err.Error(), "must be like ws://") {
				t.Errorf("%q: %v, %v", raw, target, err)
			}
		case err != nil || target.URL.String() != want:
			t.Errorf("%q: %+v, %v; want %s", raw, target, err, want)
		}
	}
}

func TestAddHeader(t *testing.T) {
	target, err := NewTarget("wss://127.0.0.1:8443/")
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"X-One: 1": "", "x-two:2": "", "X-Empty:": "", "Host: echo.example:444": "",
		"no colon": "must be like", "": "must be like", ": v": "must be like", "A b: c": "must be like", "A: b\r\nC: d": "must be like",
		"Upgrade: h2c": "by the handshake itself", "sec-websocket-key: x": "by the handshake itself",
	} {
		if err := target.AddHeader(line); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", line, err, want)
		}
	}
	if target.Header.Get("X-Two") != "2" || len(target.Header["Host"]) != 0 || target.Host != "echo.example:444" || target.serverName() != "echo.example" {
		t.Errorf("target %+v", target)
	}
}

func TestControlsAreAddedToTheQuery(t *testing.T) {
	for raw, want := range map[string]string{"ws://a/b": "ws://a/b?greet=1", "ws://a/?x=1&greet=0": "ws://a/?greet=1&x=1"} {
		target, err := NewTarget(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := target.urlWith(controls()); got != want {
			t.Errorf("%s: %s, want %s", raw, got, want)
		}
		if got := target.urlWith(url.Values{}); got != raw {
			t.Errorf("%s without controls: %s", raw, got)
		}
	}
}

// A handshake over TLS uses the server name and the header that were set.
func TestHandshakeOverTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := wstest.WriteCertificate(t, dir, "localhost")
	var host, name string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, name = r.Host, r.TLS.ServerName
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err == nil {
			c.Close(4000, "enough")
		}
	}))
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // for a client that rejects the certificate
	server.StartTLS()
	defer server.Close()
	target := func(caFile string, insecure bool) *Target {
		target, err := NewTarget("wss" + strings.TrimPrefix(server.URL, "https"))
		if err != nil {
			t.Fatal(err)
		}
		if target.TLS, err = TLSConfig(caFile, insecure); err != nil {
			t.Fatal(err)
		}
		return target
	}
	for what, target := range map[string]*Target{"authority": target(cert, false), "any": target("", true)} {
		target.AddHeader("Host: localhost:1234")
		s, err := target.dial(t.Context(), offer{})
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if s.wire.tls != "TLS 1.3" || host != "localhost:1234" || name != "localhost" {
			t.Errorf("%s: %s, host %s, name %s", what, s.wire.tls, host, name)
		}
		if err := s.end(t.Context()); !strings.Contains(describeEnd(err), `4000 "enough"`) {
			t.Errorf("%s: %v", what, err)
		}
		s.release()
	}
	if _, err := target("", false).dial(t.Context(), offer{}); err == nil || !strings.Contains(err.Error(), "-cafile") {
		t.Errorf("an unknown authority: %v", err)
	}
}

// A dial fails if nothing listens, or if nothing answers.
func TestDialFails(t *testing.T) {
	target, err := NewTarget("ws://" + wstest.FreeAddr(t) + "/")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := target.dial(t.Context(), offer{}); err == nil || !strings.HasPrefix(err.Error(), "dial tcp 127.0.0.1:") {
		t.Errorf("%v", err)
	}
	target.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }
	target.Timeout = 1
	if _, err := target.dial(t.Context(), offer{}); err == nil || !strings.Contains(err.Error(), "no answer to the handshake within 1ns") {
		t.Errorf("%v", err)
	}
}
