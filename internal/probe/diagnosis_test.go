package probe

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// Ports that answer something else than HTTP/1.1, or nothing.
func TestPortsThatDoNotSpeakHTTP1AreDiagnosed(t *testing.T) {
	const settings = "\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80\x00\x04\x00\x01\x00\x00\x00\x05\x00\xff\xff\xff" // nginx's
	page := response("HTTP/1.1 400 Bad request\nContent-Type: text/html\n", "<html><body><h1>400 Bad request</h1>\n</body></html>\n")
	proxied := func(request string) string { // accept-proxy of HAProxy
		switch {
		case !strings.HasPrefix(request, "PROXY TCP4 "):
			return ""
		case strings.Contains(request, "\x00"):
			return page
		}
		return response("HTTP/1.1 200 OK\n", "")
	}
	tests := map[string]struct {
		url       string
		answer    func(string) string
		id, proxy string
	}{
		"HTTP/2 at once":   {"ws://a/", always(settings), "http2-only", ""},
		"HTTP/2 if asked":  {"ws://a/", func(r string) string { return map[bool]string{true: settings}[strings.HasPrefix(r, "PRI ")] }, "http2-only", ""},
		"PROXY protocol":   {"ws://a/", proxied, "proxy-protocol-missing", haproxy},
		"a TLS alert":      {"ws://a/", always("\x15\x03\x01\x00\x02\x02\x46"), "tls-port", ""},
		"SSH":              {"ws://a/", always("SSH-2.0-OpenSSH_9.2\r\n"), "not-http", ""},
		"nothing":          {"ws://a/", always(""), "no-answer", ""},
		"nothing, HAProxy": {"ws://a/", func(r string) string { return map[bool]string{true: page}[strings.Contains(r, "\x00")] }, "no-answer", haproxy},
		"wss to HTTP":      {"wss://a/", always(page), "plain-port", haproxy},
		"wss to nothing":   {"wss://a/", always(""), "plain-port", ""},
		"101 of a cache":   {"ws://a/", always("HTTP/1.1 101 Switching Protocols\r\nServer: nginx\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n"), "accept-wrong", nginx},
		"101, no Upgrade":  {"ws://a/", always("HTTP/1.1 101 Switching Protocols\r\nServer: nginx\r\nConnection: upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n"), "response-field-removed", nginx},
		"101, subprotocol": {"ws://a/", switching("Sec-WebSocket-Protocol: x\r\n"), "subprotocol-not-offered", ""},
		"101, extension":   {"ws://a/", switching("Sec-WebSocket-Extensions: permessage-deflate\r\n"), "extensions-not-offered", ""},
		"101, not a field": {"ws://a/", switching("Nothing\r\n"), "malformed-response", ""},
		"101, not ended":   {"ws://a/", always("HTTP/1.1 101 Switching Protocols\r\nServer: nginx\r\n"), "no-answer", ""},
		"not a field":      {"ws://a/", always("HTTP/1.1 400 Bad Request\r\nNothing\r\n\r\n"), "malformed-response", ""},
		"a status in text": {"ws://a/", always("HTTP/1.1 four hundred\r\n\r\n"), "malformed-response", ""},
		"a length below 0": {"ws://a/", always("HTTP/1.1 400 Bad Request\r\nContent-Length: -5\r\n\r\n"), "malformed-response", ""},
		"100 alone":        {"ws://a/", always("HTTP/1.1 100 Continue\r\n\r\n"), "no-answer", ""},
		"a first byte":     {"ws://a/", always("H"), "malformed-response", ""},
		"another protocol": {"ws://a/", always("HTTPS only\r\n"), "not-http", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				target := scripted(t, test.url, test.answer)
				target.TLS.InsecureSkipVerify = true
				if d, err := diagnosedAs(t, target); d.ID != test.id || d.Proxy != test.proxy {
					t.Errorf("%v, want %s, %q: %v", d, test.id, test.proxy, err)
				}
			})
		})
	}
}

// switching answers with a right 101 that has additional fields.
func switching(fields string) func(string) string {
	return func(request string) string {
		h := parseHead([]byte(request))
		return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n" + fields +
			"Sec-WebSocket-Accept: " + acceptKey(h.value("Sec-WebSocket-Key")) + "\r\n\r\n"
	}
}

// Why there is no TCP connection.
func TestDialErrorsAreDiagnosed(t *testing.T) {
	for want, dialError := range map[string]error{
		"name-unknown":    &net.DNSError{Err: "no such host", Name: "peer.example", IsNotFound: true},
		"nothing-listens": &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)},
		"unreachable":     &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)},
	} {
		target, err := NewTarget("peer.example:80")
		if err != nil {
			t.Fatal(err)
		}
		target.DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, dialError }
		if d, _ := diagnosedAs(t, target); d.ID != want || d.Fix == "" {
			t.Errorf("%v: %v, want %s", dialError, d, want)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		target, err := NewTarget("peer.example:80")
		if err != nil {
			t.Fatal(err)
		}
		target.DialContext = func(context.Context, string, string) (net.Conn, error) {
			time.Sleep(time.Minute)
			return nil, os.ErrDeadlineExceeded
		}
		if d, _ := diagnosedAs(t, target); d.ID != "unreachable" {
			t.Errorf("%v", d)
		}
		time.Sleep(time.Minute) // until the dial has returned
	})
}

// What the alerts of TLS mean, in the words of crypto/tls.
func TestTLSAlertsAreDiagnosed(t *testing.T) {
	for text, want := range map[string]string{
		"tls: certificate required": "client-certificate", "tls: bad certificate": "client-certificate",
		"tls: unrecognized name": "tls-refused", "tls: protocol version not supported": "tls-refused",
	} {
		target, err := NewTarget("wss://peer.example/")
		if err != nil {
			t.Fatal(err)
		}
		target.DialContext = func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "remote error", Err: errors.New(text)}
		}
		if d, _ := diagnosedAs(t, target); d.ID != want {
			t.Errorf("%s: %v, want %s", text, d, want)
		}
	}
}

// Every diagnosis has a fix, with and without a known proxy, and docs/probe.md lists it.
func TestEveryDiagnosisHasAFix(t *testing.T) {
	page, err := os.ReadFile("../../docs/probe.md")
	if err != nil {
		t.Fatal(err)
	}
	for id := range fixes {
		for _, proxy := range []string{"", nginx, haproxy, traefik, envoy, "OpenResty", "another"} {
			if fixFor(id, proxy) == "" {
				t.Errorf("%s has no fix for %q", id, proxy)
			}
		}
		if !strings.Contains(string(page), "`"+id+"`") {
			t.Errorf("docs/probe.md does not list %s", id)
		}
	}
	used := 0
	files, _ := filepath.Glob("*.go")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`(?:diagnose\(|found\(\w+, )"([a-z0-9-]+)"`).FindAllStringSubmatch(string(text), -1) {
			used++
			if fixes[match[1]] == nil {
				t.Errorf("%s: %s has no fix", file, match[1])
			}
		}
	}
	if used == 0 {
		t.Error("no diagnosis was found in the source")
	}
}
