package httpecho

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/requestinfo"
	"github.com/echosvc/echosvc/internal/wsproto"
	"github.com/echosvc/echosvc/internal/wstest"
)

func TestEcho(t *testing.T) {
	addr := serve(t, anyOrigin, nil)
	got := askEcho(t, addr, "POST //a/../%62?x=1&y=%26&y=&x=%zz&&z HTTP/1.1\r\nhost: echo.example\r\nX-Forwarded-For: 192.0.2.7\r\nx-forwarded-for:  198.51.100.1\r\nTransfer-Encoding: chunked\r\n\r\n"+
		"6\r\nh\u00e9llo\r\n0\r\n\r\n")
	if !strings.HasPrefix(got.Remote, "127.0.0.1:") {
		t.Errorf("the remote address is %q", got.Remote)
	}
	got.Remote = ""
	want := echo{
		Method: "POST", Target: "//a/../%62?x=1&y=%26&y=&x=%zz&&z", Protocol: "HTTP/1.1", Path: "//a/../b",
		Query: pairs("x", "1", "y", "&", "y", "", "x", "%zz", "z", ""), Host: "echo.example",
		Headers:  pairs("host", "echo.example", "X-Forwarded-For", "192.0.2.7", "x-forwarded-for", "198.51.100.1", "Transfer-Encoding", "chunked"),
		Body:     body{Size: 6, Text: "h\u00e9llo"},
		Identity: requestinfo.Identity{Pod: "echosvc-0", Node: "node-1", Namespace: "tools", Version: "test"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestEchoAsText(t *testing.T) {
	addr := serve(t, anyOrigin, nil)
	a := ask(t, addr, "PUT /x%0Ay?a%0D=%1b[31m HTTP/1.1\r\nHost: h\r\nAccept: text/*;q=0.1, Text/Plain;q=0.5, application/json;q=0.3\r\nContent-Length: 8\r\n\r\n<b>\nhost")
	lines := strings.Split(a.body, "\n")
	want := []string{
		"method: PUT", "target: /x%0Ay?a%0D=%1b[31m", "protocol: HTTP/1.1", `path: "/x\ny"`, `query "a\r": "\x1b[31m"`, "host: h",
		"header Host: h", "header Accept: text/*;q=0.1, Text/Plain;q=0.5, application/json;q=0.3", "header Content-Length: 8",
		"body size: 8", `body text: "<b>\nhost"`, lines[11], "tls: none", "pod: echosvc-0", "node: node-1", "namespace: tools", "version: test", "",
	}
	if !reflect.DeepEqual(lines, want) || !strings.HasPrefix(lines[11], "remote: 127.0.0.1:") {
		t.Errorf("got  %q\nwant %q", lines, want)
	}
	if got := a.header.Get("Content-Type"); got != "text/plain; charset=utf-8" {
		t.Errorf("Content-Type is %q", got)
	}
}

// TestParametersAreLimited: in JSON they would be 30 times as long.
func TestParametersAreLimited(t *testing.T) {
	addr := serve(t, anyOrigin, nil)
	for omitted, text := range map[int]string{0: "\nquery z: \nhost: h\n", 20_000: "\nquery a: \nquery omitted: 20000\nhost: h\n"} {
		request := "GET /x?" + strings.Repeat("a&&", maxParameters-1+omitted) + "z HTTP/1.1\r\nHost: h\r\n"
		got := askEcho(t, addr, request+"\r\n")
		if len(got.Query) != maxParameters || got.Omitted != omitted {
			t.Errorf("%d parameters are listed, and %d omitted", len(got.Query), got.Omitted)
		}
		if a := ask(t, addr, request+"Accept: text/plain\r\n\r\n"); !strings.Contains(a.body, text) {
			t.Errorf("as text: %.300q", a.body)
		}
	}
}

// TestFewAnswersAreComposedAtATime, whatever the number of requests.
func TestFewAnswersAreComposedAtATime(t *testing.T) {
	e := echoHandler{policy: &wsproto.Policy{}, headers: &requestinfo.Filter{}}
	processors := make(chan struct{}, 1)
	nc := &replayConn{Conn: &fakeConn{}, first: []byte("GET /x HTTP/1.1\r\n\r\n"), requests: &requests{processors: processors}}
	r := httptest.NewRequest("GET", "/x", nil)
	composed := make(chan struct{})
	processors <- struct{}{}
	go func() {
		defer close(composed)
		e.compose(r, nc, body{})
	}()
	select {
	case <-composed:
		t.Error("it did not wait for its turn")
	default:
	}
	<-processors
	<-composed
	if len(processors) != 0 {
		t.Error("the turn was not given back")
	}
}

// TestLargeBodyIsReadToItsEnd, so that the client is not reset while it sends the rest.
func TestLargeBodyIsReadToItsEnd(t *testing.T) {
	addr := serve(t, anyOrigin, nil)
	got := askEcho(t, addr, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n"+strings.Repeat("x", 3000000))
	if got.Body.Size != 3000000 || len(got.Body.Text) != maxBody || got.Body.Cut == "" {
		t.Errorf("got %d bytes, %d of text, cut %q", got.Body.Size, len(got.Body.Text), got.Body.Cut)
	}
	a := ask(t, addr, "POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno length\r\n")
	if a.code != 400 || !strings.Contains(a.body, "the body ended after 0 bytes") {
		t.Errorf("a malformed body is answered with %s, %s", a.status, a.body)
	}
}

func TestEchoResponseHeaders(t *testing.T) {
	addr := serve(t, wsproto.Policy{Origins: []string{"https://*.example.com"}}, nil)
	tests := []struct {
		name, request string
		status        int
		want          map[string]string // empty if the field must not be there
	}{
		{"no store, no sniffing, no HTML", "GET /x HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n", 200,
			map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Type": "application/json", "Access-Control-Allow-Origin": ""}},
		{"allowed origin", "GET /x HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example.com\r\n", 200,
			map[string]string{"Access-Control-Allow-Origin": "https://a.example.com", "Access-Control-Allow-Credentials": "", "Vary": "Accept, Origin"}},
		{"another origin", "GET /x HTTP/1.1\r\nHost: x\r\nOrigin: https://evil.test\r\n", 200, map[string]string{"Access-Control-Allow-Origin": ""}},
		{"preflight", "OPTIONS /x HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example.com\r\nAccess-Control-Request-Method: PUT\r\n", 204,
			map[string]string{"Access-Control-Allow-Origin": "https://a.example.com", "Access-Control-Allow-Methods": "*", "Access-Control-Allow-Headers": "*, Authorization"}},
		{"preflight of another origin", "OPTIONS /x HTTP/1.1\r\nHost: x\r\nOrigin: https://evil.test\r\nAccess-Control-Request-Method: PUT\r\n", 200,
			map[string]string{"Access-Control-Allow-Origin": "", "Access-Control-Allow-Methods": ""}},
		{"OPTIONS without a preflight", "OPTIONS /x HTTP/1.1\r\nHost: x\r\n", 200, map[string]string{"Content-Type": "application/json"}},
		{"CONNECT opens no tunnel", "CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n", 405, nil},
		{"the path adds no field", "GET /<script>%0d%0aSet-Cookie:x=1 HTTP/1.1\r\nHost: x\r\n", 200, map[string]string{"Set-Cookie": ""}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := ask(t, addr, test.request+"\r\n")
			if a.code != test.status {
				t.Errorf("answered with %s, %s", a.status, a.body)
			}
			for name, want := range test.want {
				if got := a.header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
	c := wstest.Connect(t, addr)
	c.Send([]byte("HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n"))
	if head := c.Response(); head.StatusCode != 200 || head.ContentLength <= 0 {
		t.Errorf("HEAD is answered with %s, length %d", head.Status, head.ContentLength)
	}
}

// TestAnyOriginMayRead: the wildcard excludes credentials.
func TestAnyOriginMayRead(t *testing.T) {
	addr := serve(t, anyOrigin, nil)
	a := ask(t, addr, "GET /x HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example\r\n\r\n")
	if got := a.header.Get("Access-Control-Allow-Origin"); got != "*" {
		t.Errorf("Access-Control-Allow-Origin is %q, want *", got)
	}
}

func TestEchoOverTLS(t *testing.T) {
	pair, err := tls.LoadX509KeyPair(wstest.WriteCertificate(t, t.TempDir(), "test"))
	if err != nil {
		t.Fatal(err)
	}
	addr := serve(t, anyOrigin, &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}})
	nc, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, ServerName: "echo.example", NextProtos: []string{"http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	io.WriteString(nc, "GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
	var got echo
	if err := json.NewDecoder(wstest.NewClient(t, nc).Response().Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	want := tlsState{"TLS 1.3", tls.CipherSuiteName(nc.ConnectionState().CipherSuite), "echo.example", "http/1.1"}
	if got.TLS == nil || *got.TLS != want {
		t.Errorf("got %+v, want %+v", got.TLS, want)
	}
	answer := echo{TLS: &want}
	if text := string(answer.appendText(nil)); !strings.Contains(text, `SNI "echo.example", ALPN "http/1.1"`) {
		t.Errorf("as text: %s", text)
	}
}
