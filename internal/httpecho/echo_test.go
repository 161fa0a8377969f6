package httpecho

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/requestinfo"
	"github.com/echosvc/echosvc/internal/wsproto"
	"github.com/echosvc/echosvc/internal/wstest"
)

func TestHTTPEcho(t *testing.T) {
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

func TestHTTPEchoAsText(t *testing.T) {
	addr := serve(t, anyOrigin, nil)
	response, body := ask(t, addr, "PUT /x%0Ay?a%0D=%1b[31m HTTP/1.1\r\nHost: h\r\nAccept: text/*;q=0.1, Text/Plain;q=0.5, application/json;q=0.3\r\nContent-Length: 8\r\n\r\n<b>\nhost")
	lines := strings.Split(body, "\n")
	want := []string{
		"method: PUT", "target: /x%0Ay?a%0D=%1b[31m", "protocol: HTTP/1.1", `path: "/x\ny"`, `query "a\r": "\x1b[31m"`, "host: h",
		"header Host: h", "header Accept: text/*;q=0.1, Text/Plain;q=0.5, application/json;q=0.3", "header Content-Length: 8",
		"body size: 8", `body text: "<b>\nhost"`, lines[11], "tls: none", "pod: echosvc-0", "node: node-1", "namespace: tools", "version: test", "",
	}
	if !reflect.DeepEqual(lines, want) || !strings.HasPrefix(lines[11], "remote: 127.0.0.1:") {
		t.Errorf("got  %q\nwant %q", lines, want)
	}
	if got := response.Header.Get("Content-Type"); got != "text/plain; charset=utf-8" {
		t.Errorf("the type is %q", got)
	}
}

func TestHTTPEchoOfBodies(t *testing.T) {
	cut := "this server echoes the first 65536 bytes of a body"
	full := strings.Repeat("x", maxBody)
	tests := []struct {
		name, body string
		want       body
	}{
		{"none", "", body{}},
		{"text", "κόσμε\x00", body{Size: 11, Text: "κόσμε\x00"}},
		{"not text", "a\xff", body{Size: 2, Base64: "Yf8="}},
		{"the limit", full, body{Size: maxBody, Text: full}},
		{"over the limit", full + "y", body{Size: maxBody + 1, Text: full, Cut: cut}},
		{"over the limit within a character", full[1:] + "é", body{Size: maxBody + 1, Text: full[1:], Cut: cut}},
		{"much", strings.Repeat("z", 4<<20), body{Size: 4 << 20, Text: strings.Repeat("z", maxBody), Cut: cut}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got, err := readBody(strings.NewReader(test.body), &charge{}); got != test.want || err != nil {
				t.Errorf("got %d bytes, text %.20q, base64 %.20q, cut %q, error %q", got.Size, got.Text, got.Base64, got.Cut, got.Error)
			}
		})
	}
	if got, _ := readBody(io.MultiReader(bytes.NewReader([]byte("abc")), brokenReader{}), &charge{}); got.Text != "abc" || got.Error != "the body ended after 3 bytes: unexpected EOF" {
		t.Errorf("a body that breaks off gives %+v", got)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestHTTPEchoOfABodyOverTheLimit: the client is not reset while it sends the rest.
func TestHTTPEchoOfABodyOverTheLimit(t *testing.T) {
	addr := serve(t, anyOrigin, nil)
	got := askEcho(t, addr, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n"+strings.Repeat("x", 3000000))
	if got.Body.Size != 3000000 || len(got.Body.Text) != maxBody || got.Body.Cut == "" {
		t.Errorf("got %d bytes, %d of text, cut %q", got.Body.Size, len(got.Body.Text), got.Body.Cut)
	}
	response, body := ask(t, addr, "POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno length\r\n")
	if response.StatusCode != 400 || !strings.Contains(body, "the body ended after 0 bytes") {
		t.Errorf("a malformed body is answered with %s, %s", response.Status, body)
	}
}

func TestHTTPEchoHeaders(t *testing.T) {
	addr := serve(t, wsproto.Policy{Origins: []string{"https://*.example.com"}}, nil)
	tests := []struct {
		name, request string
		status        int
		want          map[string]string // "" is not there
	}{
		{"no store, no sniffing, no page", "GET /x HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n", 200,
			map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Type": "application/json", "Access-Control-Allow-Origin": ""}},
		{"an origin that may connect may read", "GET /x HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example.com\r\n", 200,
			map[string]string{"Access-Control-Allow-Origin": "https://a.example.com", "Access-Control-Allow-Credentials": "", "Vary": "Accept, Origin"}},
		{"another may not", "GET /x HTTP/1.1\r\nHost: x\r\nOrigin: https://evil.test\r\n", 200, map[string]string{"Access-Control-Allow-Origin": ""}},
		{"preflight", "OPTIONS /x HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example.com\r\nAccess-Control-Request-Method: PUT\r\n", 204,
			map[string]string{"Access-Control-Allow-Origin": "https://a.example.com", "Access-Control-Allow-Methods": "*", "Access-Control-Allow-Headers": "*, Authorization"}},
		{"preflight of another", "OPTIONS /x HTTP/1.1\r\nHost: x\r\nOrigin: https://evil.test\r\nAccess-Control-Request-Method: PUT\r\n", 200,
			map[string]string{"Access-Control-Allow-Origin": "", "Access-Control-Allow-Methods": ""}},
		{"OPTIONS is echoed", "OPTIONS /x HTTP/1.1\r\nHost: x\r\n", 200, map[string]string{"Content-Type": "application/json"}},
		{"CONNECT makes no tunnel", "CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n", 405, nil},
		{"the path is data", "GET /<script>%0d%0aSet-Cookie:x=1 HTTP/1.1\r\nHost: x\r\n", 200, map[string]string{"Set-Cookie": ""}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			response, body := ask(t, addr, test.request+"\r\n")
			if response.StatusCode != test.status {
				t.Errorf("answered with %s, %s", response.Status, body)
			}
			for name, want := range test.want {
				if got := response.Header.Get(name); got != want {
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

// TestAnyOriginMayRead, without credentials.
func TestAnyOriginMayRead(t *testing.T) {
	addr := serve(t, anyOrigin, nil)
	response, _ := ask(t, addr, "GET /x HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example\r\n\r\n")
	if got := response.Header.Get("Access-Control-Allow-Origin"); got != "*" {
		t.Errorf("allowed is %q", got)
	}
}

func TestHTTPEchoOverTLS(t *testing.T) {
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
