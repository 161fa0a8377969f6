package wsproto

import (
	"fmt"
	"strings"
	"testing"
)

// date is the value of Date in responses.
const date = "Thu, 26 Nov 2026 00:15:55 GMT"

// anything is a policy that accepts every valid request.
var anything = Policy{AnyOrigin: true, AnySubprotocol: true}

// request returns a valid upgrade request with changes: "Name: value" replaces the field of
// that name, "-Name" removes it, and "+Name: value" adds a field.
func request(t *testing.T, changes ...string) *Request {
	t.Helper()
	lines := []string{
		"GET / HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
	}
	for _, change := range changes {
		name, _, _ := strings.Cut(strings.TrimLeft(change, "+-"), ":")
		if strings.HasPrefix(change, "+") {
			lines = append(lines, change[1:])
			continue
		}
		for i, line := range lines {
			if strings.HasPrefix(line, name+":") || i == 0 && strings.Contains(change, " HTTP/") {
				lines[i] = strings.TrimPrefix(change, "-"+name)
				break
			}
		}
	}
	var kept []string
	for _, line := range lines {
		if line != "" {
			kept = append(kept, line)
		}
	}
	r, err := ParseRequest([]byte(strings.Join(kept, "\r\n") + "\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	return &r
}

func TestExampleHandshake_Section1_3(t *testing.T) {
	r, _ := ParseRequest([]byte(exampleRequest))
	handshake, err := (&Policy{AnyOrigin: true, Subprotocols: []string{"chat"}}).Accept(&r)
	if err != nil {
		t.Fatal(err)
	}
	want := "HTTP/1.1 101 Switching Protocols\r\n" +
		"Upgrade: websocket\r\n" +
		"Connection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" +
		"Date: Thu, 26 Nov 2026 00:15:55 GMT\r\n" +
		"Sec-WebSocket-Protocol: chat\r\n\r\n"
	if got := string(handshake.AppendResponse(nil, date)); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestAccept_Section4_2_1(t *testing.T) {
	tests := []struct {
		name   string
		change string
		status int // 0 if accepted
		reason Reason
	}{
		{"a valid request", "", 0, ""},
		{"POST", "POST / HTTP/1.1", 405, ReasonMethod},
		{"HTTP/1.0", "GET / HTTP/1.0", 400, ReasonHTTPVersion},
		{"a later minor version", "GET / HTTP/1.2", 0, ""},
		{"target with a query", "GET /a?b=c HTTP/1.1", 0, ""},
		{"target with an empty segment", "GET //a HTTP/1.1", 0, ""},
		{"target in absolute form", "GET http://x/ HTTP/1.1", 400, ReasonTarget},
		{"target in asterisk form", "GET * HTTP/1.1", 400, ReasonTarget},
		{"target in authority form", "GET x:80 HTTP/1.1", 400, ReasonTarget},
		{"target without a path", "GET ?a=b HTTP/1.1", 400, ReasonTarget},
		{"target that is a relative path", "GET chat HTTP/1.1", 400, ReasonTarget},
		{"no Host", "-Host", 400, ReasonHost},
		{"empty Host", "Host:", 400, ReasonHost},
		{"Host that is not a host", "Host: a b@c/", 400, ReasonHost},
		{"Host with a path", "Host: x/y", 400, ReasonHost},
		{"Host with an IPv6 address and a port", "Host: [::1]:8080", 0, ""},
		{"two Hosts", "+Host: y", 400, ReasonHost},
		{"no Upgrade", "-Upgrade", 400, ReasonUpgrade},
		{"Upgrade in another case", "Upgrade: WebSocket", 0, ""},
		{"Upgrade among others", "Upgrade: h2c, websocket", 0, ""},
		{"Upgrade in a second field", "+Upgrade: h2c", 0, ""},
		{"Upgrade to something else", "Upgrade: h2c", 400, ReasonUpgrade},
		{"Upgrade to a longer name", "Upgrade: websocket2", 400, ReasonUpgrade},
		{"no Connection", "-Connection", 400, ReasonConnection},
		{"Connection in another case", "Connection: upgrade", 0, ""},
		{"Connection of Firefox", "Connection: keep-alive, Upgrade", 0, ""},
		{"Connection in a second field", "+Connection: keep-alive", 0, ""},
		{"Connection without upgrade", "Connection: keep-alive", 400, ReasonConnection},
		{"no version", "-Sec-WebSocket-Version", 426, ReasonVersion},
		{"version 8", "Sec-WebSocket-Version: 8", 426, ReasonVersion},
		{"versions 13 and 8", "Sec-WebSocket-Version: 13, 8", 426, ReasonVersion},
		{"version twice", "+Sec-WebSocket-Version: 13", 426, ReasonVersion},
		{"no key", "-Sec-WebSocket-Key", 400, ReasonKey},
		{"key twice", "+Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", 400, ReasonKey},
		{"key of 15 bytes", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j", 400, ReasonKey},
		{"key of 17 bytes", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZTE=", 400, ReasonKey},
		{"key of 18 bytes", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZTEy", 400, ReasonKey},
		{"key not in base64", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ!==", 400, ReasonKey},
		{"key without padding", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ", 400, ReasonKey},
		{"body length", "+Content-Length: 5", 400, ReasonBody},
		{"body length of 0", "+Content-Length: 0", 0, ""},
		{"body length of 0 with spaces", "+Content-Length: \t0 ", 0, ""},
		{"body length of 00", "+Content-Length: 00", 400, ReasonBody},
		{"body length of -0", "+Content-Length: -0", 400, ReasonBody},
		{"body length without digits", "+Content-Length:", 400, ReasonBody},
		{"body lengths in a list", "+Content-Length: 0, 0", 400, ReasonBody},
		{"body length of 0 and chunked body", "+Content-Length: 0\r\nTransfer-Encoding: chunked", 400, ReasonBody},
		{"body lengths in two fields", "+Content-Length: 0\r\nContent-Length: 0", 400, ReasonBody},
		{"chunked body", "+Transfer-Encoding: chunked", 400, ReasonBody},
		{"any origin", "+Origin: https://evil.example", 0, ""},
		{"extension", "+Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits", 0, ""},
		{"extension that breaks the grammar", "+Sec-WebSocket-Extensions: permessage-deflate;;", 400, ReasonExtensions},
		{"subprotocol that is not a token", "+Sec-WebSocket-Protocol: a b", 400, ReasonSubprotocol},
		{"subprotocol twice", "+Sec-WebSocket-Protocol: a, b, a", 400, ReasonSubprotocol},
		{"subprotocols are case-sensitive", "+Sec-WebSocket-Protocol: a, A", 0, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := request(t, test.change)
			if !r.IsUpgrade() {
				t.Fatal("IsUpgrade is false")
			}
			_, err := anything.Accept(r)
			if test.status == 0 && err != nil {
				t.Errorf("rejected: %v", err)
			}
			if test.status != 0 && (err == nil || err.Status != test.status || err.Reason != test.reason) {
				t.Errorf("got %v, want %d, %s", err, test.status, test.reason)
			}
		})
	}
}

// TestListLimits checks that a list over its limit is rejected with a text that names the
// limit, and that one at its limit is not. Empty elements count.
func TestListLimits(t *testing.T) {
	numbered := func(n int, separator string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "a%d%s", i, separator)
		}
		return strings.TrimSuffix(b.String(), separator)
	}
	params := func(n int) string { return strings.Repeat("a;b;b;b;b,", n/4-1) + "a;b;b;b;b" }
	for _, test := range []struct {
		name, text string
		at, over   []string // changes
	}{
		{"Upgrade", "Upgrade has more than 64 elements",
			[]string{"Upgrade: " + numbered(63, ",") + ",websocket"}, []string{"Upgrade: websocket," + numbered(64, ",")}},
		{"Connection", "Connection has more than 64 elements",
			[]string{"Connection: Upgrade" + strings.Repeat(",", 63)}, []string{"Connection: Upgrade" + strings.Repeat(",", 64)}},
		{"subprotocols", "Sec-WebSocket-Protocol has more than 64 subprotocols",
			[]string{"+Sec-WebSocket-Protocol: " + numbered(32, ","), "+Sec-WebSocket-Protocol: b" + numbered(32, ",b")},
			[]string{"+Sec-WebSocket-Protocol: " + numbered(32, ","), "+Sec-WebSocket-Protocol: b" + numbered(33, ",b")}},
		{"extensions", "Sec-WebSocket-Extensions has more than 16 extensions",
			[]string{"+Sec-WebSocket-Extensions: " + numbered(16, ", ")}, []string{"+Sec-WebSocket-Extensions: " + numbered(17, ", ")}},
		{"parameters", "Sec-WebSocket-Extensions has more than 64 parameters",
			[]string{"+Sec-WebSocket-Extensions: " + params(64)}, []string{"+Sec-WebSocket-Extensions: " + params(64) + ";b"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := anything.Accept(request(t, test.at...)); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			r := request(t, test.over...)
			_, err := anything.Accept(r)
			if !r.IsUpgrade() || err == nil || err.Status != 431 || err.Reason != ReasonTooLarge || err.Text != test.text+", the limit of this server" {
				t.Errorf("over the limit: %v", err)
			}
		})
	}
}

func TestIsUpgrade(t *testing.T) {
	for head, want := range map[string]bool{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n":                                      false,
		"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n":          false,
		"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n":                           true,
		"GET / HTTP/1.1\r\nSec-WebSocket-Key: a\r\n\r\n":                         true,
		"GET / HTTP/1.1\r\nSec-WebSocket-Version: 13\r\n\r\n":                    true,
		"POST / HTTP/1.0\r\nUPGRADE: foo, WebSocket\r\n\r\n":                     true,
		"GET / HTTP/1.1\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n": false,
	} {
		r, err := ParseRequest([]byte(head))
		if err != nil {
			t.Fatal(err)
		}
		if got := r.IsUpgrade(); got != want {
			t.Errorf("IsUpgrade of %q = %v", head, got)
		}
	}
}

// A refusal tells in how many fields a value was found only if that may be the reason.
func TestRefusalCountsFields(t *testing.T) {
	policy := Policy{Origins: []string{"https://example.com"}}
	for _, test := range []struct {
		changes []string
		want    string
	}{
		{[]string{"Sec-WebSocket-Version: 8"}, `Sec-WebSocket-Version is "8"; this server`},
		{[]string{"+Sec-WebSocket-Version: 13"}, `Sec-WebSocket-Version is "13" in 2 header fields; this server`},
		{[]string{"-Sec-WebSocket-Version"}, `Sec-WebSocket-Version is "" in 0 header fields; this server`},
		{[]string{"Sec-WebSocket-Key: x"}, `Sec-WebSocket-Key is "x"; it must`},
		{[]string{"+Host: x"}, `Host is "x" in 2 header fields; it must`},
		{[]string{"+Content-Length: 5"}, `Content-Length is "5"; a WebSocket upgrade`},
		{[]string{"+Origin: http://a"}, `Origin is "http://a" (Host is "x"); this server`},
		{[]string{"+Origin: http://a", "+Origin: http://a"}, `Origin is "http://a" in 2 header fields (Host is "x"); this server`},
	} {
		if _, err := policy.Accept(request(t, test.changes...)); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%q: %v, want %s", test.changes, err, test.want)
		}
	}
}
