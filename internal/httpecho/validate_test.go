package httpecho

import (
	"net/http"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/wsproto"
	"github.com/echosvc/echosvc/internal/wstest"
)

// plainRequests are requests that net/http serves, and others that it refuses with a status.
var plainRequests = []struct {
	name, head string
	status     int // 0 if the request is served
	text       string
}{
	{"a request", "GET / HTTP/1.1\r\nHost: x:80\r\n", 0, ""},
	{"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n", 0, ""},
	{"empty Host", "GET / HTTP/1.1\r\nHost:\r\n", 0, ""},
	{"a later minor version", "GET / HTTP/1.9\r\nHost: x\r\n", 0, ""},
	{"IPv6", "GET / HTTP/1.1\r\nHost: [fe80::1%25eth0]:8080\r\n", 0, ""},
	{"absolute form", "GET http://x/y HTTP/1.1\r\nHost: x\r\n", 0, ""},
	{"asterisk form", "OPTIONS * HTTP/1.1\r\nHost: x\r\n", 0, ""},
	{"CONNECT", "CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n", 0, ""},
	{"a body", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n", 0, ""},
	{"the same length twice", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n", 0, ""},
	{"no Host", "GET / HTTP/1.1\r\n", 400, "the request has no Host; HTTP/1.1 needs one"},
	{"two Hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n", 400, "Host"},
	{"Host with a path", "GET / HTTP/1.1\r\nHost: x/y\r\n", 400, `Host is "x/y"`},
	{"Host with a space", "GET / HTTP/1.1\r\nHost: x y\r\n", 400, `Host is "x y"`},
	{"Host that is not ASCII", "GET / HTTP/1.1\r\nHost: \xfc\r\n", 400, `Host is "\xfc"`},
	{"invalid escape", "GET /%zz HTTP/1.1\r\nHost: x\r\n", 400, `invalid URL escape "%zz"`},
	{"relative path", "GET x HTTP/1.1\r\nHost: x\r\n", 400, "invalid URI"},
	{"length that is no number", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: a\r\n", 400, "Content-Length"},
	{"two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n", 400, "Content-Length"},
	{"a long coding", "POST / HTTP/1.1\r\nHost: x\r\ntransfer-encoding: chunked" + strings.Repeat(" ", 2000) + "x\r\n", 501, "no transfer encoding but chunked"},
	{"a long value", "GET / HTTP/1.1\r\nHost: x\r\nAccept: " + strings.Repeat(",", 2000) + "\r\n", 0, ""},
	{"gzip", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n", 501, "no transfer encoding but chunked"},
}

// TestValidate, also against net/http itself: it refuses the same requests.
func TestValidate(t *testing.T) {
	ln := listen(t)
	server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {})}
	go server.Serve(ln)
	defer server.Close()
	for _, test := range plainRequests {
		r, refusal := wsproto.ParseRequest([]byte(test.head + "\r\n"))
		if refusal != nil {
			t.Fatal(refusal)
		}
		switch refusal = validate(&r); {
		case test.status == 0 && refusal != nil:
			t.Errorf("%s: refused with %v", test.name, refusal)
		case test.status != 0 && (refusal == nil || refusal.Status != test.status || !strings.Contains(refusal.Text, test.text)):
			t.Errorf("%s: got %v, want %d, %s", test.name, refusal, test.status, test.text)
		}
		c := wstest.Connect(t, ln.Addr().String())
		c.Send([]byte(test.head + "\r\n"))
		if response := c.Response(); (response.StatusCode == 200) != (test.status == 0) {
			t.Errorf("%s: net/http answers %s", test.name, response.Status)
		}
	}
}

// TestTrailersAreLimited in all fields together.
func TestTrailersAreLimited(t *testing.T) {
	for fields, want := range map[string]int{
		"Trailer: a" + strings.Repeat(",a", wsproto.MaxElements-1) + "\r\n":              0,
		"Trailer: a" + strings.Repeat(",a", wsproto.MaxElements) + "\r\n":                431,
		"Trailer: a\r\nTrailer: a" + strings.Repeat(",", wsproto.MaxElements-1) + "\r\n": 431,
	} {
		r, refusal := wsproto.ParseRequest([]byte("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + fields + "\r\n"))
		if refusal != nil {
			t.Fatal(refusal)
		}
		if refusal := validate(&r); refusal != nil != (want != 0) || refusal != nil && refusal.Status != want {
			t.Errorf("%.30q...: %v, want %d", fields, refusal, want)
		}
	}
}

// TestRefusedPlainRequests_RFC9110Section6_6_1: they have a Date.
func TestRefusedPlainRequests_RFC9110Section6_6_1(t *testing.T) {
	addr := serve(t, anyOrigin, nil)
	for _, test := range plainRequests {
		if test.status == 0 {
			continue
		}
		if a := ask(t, addr, test.head+"\r\n"); a.code != test.status || !strings.HasSuffix(a.status, http.StatusText(test.status)) || a.header.Get("Date") == "" {
			t.Errorf("%s is answered with %s, %v", test.name, a.status, a.header)
		}
	}
}
