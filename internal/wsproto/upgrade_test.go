package wsproto

import (
	"strings"
	"testing"
)

// anything is the policy that refuses nothing of its own.
var anything = Policy{AnyOrigin: true, AnySubprotocol: true}

// request makes a good upgrade request, with lines replaced or added: "Name: value"
// replaces the line of that name, "-Name" removes it, "+Name: value" adds a line.
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
	r, refusal := ParseRequest([]byte(strings.Join(kept, "\r\n") + "\r\n\r\n"))
	if refusal != nil {
		t.Fatal(refusal)
	}
	return &r
}

func TestAcceptAnswersTheArticlesRequest_Section1_3(t *testing.T) {
	r, _ := ParseRequest([]byte(articleRequest))
	agreement, refusal := (&Policy{AnyOrigin: true, Subprotocols: []string{"chat"}}).Accept(&r)
	if refusal != nil {
		t.Fatal(refusal)
	}
	want := "HTTP/1.1 101 Switching Protocols\r\n" +
		"Upgrade: websocket\r\n" +
		"Connection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" +
		"Sec-WebSocket-Protocol: chat\r\n\r\n"
	if got := string(agreement.AppendResponse(nil)); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestAccept_Section4_2_1(t *testing.T) {
	tests := []struct {
		name   string
		change string
		status int // 0: accepted
	}{
		{"as it should be", "", 0},
		{"POST", "POST / HTTP/1.1", 405},
		{"HTTP/1.0", "GET / HTTP/1.0", 400},
		{"no Host", "-Host", 400},
		{"empty Host", "Host:", 400},
		{"Host that is none", "Host: a b@c/", 400},
		{"Host with a path", "Host: x/y", 400},
		{"Host with an IPv6 address and a port", "Host: [::1]:8080", 0},
		{"two Hosts", "+Host: y", 400},
		{"no Upgrade", "-Upgrade", 400},
		{"Upgrade in another case", "Upgrade: WebSocket", 0},
		{"Upgrade among others", "Upgrade: h2c, websocket", 0},
		{"Upgrade in a second field", "+Upgrade: h2c", 0},
		{"Upgrade to something else", "Upgrade: h2c", 400},
		{"Upgrade to a longer name", "Upgrade: websocket2", 400},
		{"no Connection", "-Connection", 400},
		{"Connection in another case", "Connection: upgrade", 0},
		{"Connection of Firefox", "Connection: keep-alive, Upgrade", 0},
		{"Connection in a second field", "+Connection: keep-alive", 0},
		{"Connection without upgrade", "Connection: keep-alive", 400},
		{"no version", "-Sec-WebSocket-Version", 426},
		{"version 8", "Sec-WebSocket-Version: 8", 426},
		{"versions 13 and 8", "Sec-WebSocket-Version: 13, 8", 426},
		{"version twice", "+Sec-WebSocket-Version: 13", 426},
		{"no key", "-Sec-WebSocket-Key", 400},
		{"key twice", "+Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", 400},
		{"key of 15 bytes", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j", 400},
		{"key of 17 bytes", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZTE=", 400},
		{"key of 18 bytes", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZTEy", 400},
		{"key not in base64", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ!==", 400},
		{"key without padding", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ", 400},
		{"body length", "+Content-Length: 5", 400},
		{"body length of 0", "+Content-Length: 0", 400},
		{"chunked body", "+Transfer-Encoding: chunked", 400},
		{"any origin", "+Origin: https://evil.example", 0},
		{"extension", "+Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits", 0},
		{"extension not by the grammar", "+Sec-WebSocket-Extensions: permessage-deflate;;", 400},
		{"subprotocol that is no token", "+Sec-WebSocket-Protocol: a b", 400},
		{"subprotocol twice", "+Sec-WebSocket-Protocol: a, b, a", 400},
		{"subprotocol in other case is another", "+Sec-WebSocket-Protocol: a, A", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := request(t, test.change)
			if !r.IsUpgrade() {
				t.Fatal("not taken for an upgrade")
			}
			_, refusal := anything.Accept(r)
			if test.status == 0 && refusal != nil {
				t.Errorf("refused: %v", refusal)
			}
			if test.status != 0 && (refusal == nil || refusal.Status != test.status) {
				t.Errorf("got %v, want a refusal with %d", refusal, test.status)
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
		r, refusal := ParseRequest([]byte(head))
		if refusal != nil {
			t.Fatal(refusal)
		}
		if got := r.IsUpgrade(); got != want {
			t.Errorf("IsUpgrade of %q = %v", head, got)
		}
	}
}

func TestOrigin_Section4_2_2(t *testing.T) {
	policy := Policy{Origins: []string{"https://example.com", "https://*.example.org", "http://localhost:3000", "null"}, OriginsSetBy: "ALLOWED_ORIGINS"}
	tests := []struct {
		origin string
		ok     bool
	}{
		{"https://example.com", true},
		{"HTTPS://EXAMPLE.com", true},
		{"http://example.com", false},
		{"https://example.com:8443", false},
		{"https://example.com.evil.example", false},
		{"https://evilexample.com", false},
		{"https://a.example.org", true},
		{"https://a.b.example.ORG", true},
		{"https://example.org", false},
		{"https://.example.org", false},
		{"https://evilexample.org", false},
		{"http://a.example.org", false},
		{"https:a.example.org", false},
		{"http://localhost:3000", true},
		{"null", true},
		{"", false},
	}
	for _, test := range tests {
		_, refusal := policy.Accept(request(t, "+Origin: "+test.origin))
		if ok := refusal == nil; ok != test.ok {
			t.Errorf("Origin %q: accepted is %v", test.origin, ok)
		}
	}
	if _, refusal := policy.Accept(request(t)); refusal != nil {
		t.Errorf("without an Origin: %v", refusal)
	}
	_, refusal := policy.Accept(request(t, "+Origin: https://example.com", "+Origin: null"))
	if refusal == nil || refusal.Status != 403 {
		t.Errorf("two Origins: %v", refusal)
	}
	_, refusal = policy.Accept(request(t, "+Origin: https://evil.example"))
	for _, want := range []string{`"https://evil.example"`, `Host was "x"`, "ALLOWED_ORIGINS", "https://example.com, https://*.example.org"} {
		if !strings.Contains(refusal.Text, want) {
			t.Errorf("the refusal %q does not say %s", refusal.Text, want)
		}
	}
}

func TestSubprotocolChoice_Section4_2_2(t *testing.T) {
	tests := []struct {
		name   string
		policy Policy
		fields []string
		want   string
	}{
		{"none offered", Policy{AnySubprotocol: true}, nil, ""},
		{"any: the first", Policy{AnySubprotocol: true}, []string{"b, a"}, "b"},
		{"any: the first of several fields", Policy{AnySubprotocol: true}, []string{" ,", "c", "a"}, "c"},
		{"list: the client's order counts", Policy{Subprotocols: []string{"a", "b"}}, []string{"x, b", "a"}, "b"},
		{"list: none of it", Policy{Subprotocols: []string{"a"}}, []string{"b"}, ""},
		{"list: the case counts", Policy{Subprotocols: []string{"a"}}, []string{"A"}, ""},
		{"no list", Policy{}, []string{"a"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var changes []string
			for _, field := range test.fields {
				changes = append(changes, "+Sec-WebSocket-Protocol: "+field)
			}
			policy := test.policy
			policy.AnyOrigin = true
			agreement, refusal := policy.Accept(request(t, changes...))
			if refusal != nil || agreement.Subprotocol != test.want {
				t.Errorf("got %q, %v; want %q", agreement.Subprotocol, refusal, test.want)
			}
			response := string(agreement.AppendResponse(nil))
			if strings.Contains(response, "Sec-WebSocket-Protocol") != (test.want != "") {
				t.Errorf("the response is %q", response)
			}
		})
	}
}
