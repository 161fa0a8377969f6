package httpecho

import (
	"net/http"
	"testing"

	"github.com/echosvc/echosvc/internal/respond"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// TestCheck: a health check has its whole answer with the head, whatever body it announces.
func TestCheck(t *testing.T) {
	const (
		fields = "Cache-Control: no-store\r\nContent-Type: text/plain; charset=utf-8\r\nDate: " + date + "\r\nX-Content-Type-Options: nosniff\r\n\r\n"
		ok     = "200 OK\r\nConnection: close\r\nContent-Length: 3\r\n" + fields
		failed = "503 Service Unavailable\r\nConnection: close\r\nContent-Length: 9\r\n" + fields + "draining\n"
	)
	health := http.NewServeMux()
	health.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) { respond.PlainText(w, http.StatusOK, "ok") })
	health.HandleFunc("/readyz", func(w http.ResponseWriter, r *http.Request) {
		respond.PlainText(w, http.StatusServiceUnavailable, "draining")
	})
	l := NewListener(nil, complete(Limits{Health: health}))
	for request, want := range map[string]string{
		"GET /healthz HTTP/1.1\r\nHost: x\r\n":                                              "HTTP/1.1 " + ok + "ok\n",
		"GET /healthz HTTP/1.0\r\n":                                                         "HTTP/1.0 " + ok + "ok\n",
		"HEAD /healthz HTTP/1.1\r\nHost: x\r\n":                                             "HTTP/1.1 " + ok,
		"GET //readyz/?status=200 HTTP/1.1\r\nHost: x\r\n":                                  "HTTP/1.1 " + failed,
		"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n":                  "HTTP/1.1 " + ok + "ok\n",
		"GET /readyz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n":                 "HTTP/1.1 " + failed,
		"PUT /healthz HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 9\r\n": "HTTP/1.1 " + ok + "ok\n",
		"PUT /healthz HTTP/1.1\r\nHost: x\r\nExpect: more\r\nContent-Length: 9\r\n":         "", // 417 by net/http
		"GET /healthz HTTP/1.1\r\n":                                                         "", // without Host
		"GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n":                   "",
		"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n":                       "",
		"CONNECT /healthz HTTP/1.1\r\nHost: x\r\n":                                          "",
		"GET http://x/healthz HTTP/1.1\r\nHost: x\r\n":                                      "HTTP/1.1 " + ok + "ok\n", // RFC 9112 section 3.2.2
		"GET /%68ealthz HTTP/1.1\r\nHost: x\r\n":                                            "HTTP/1.1 " + ok + "ok\n",
		"GET /%zzhealthz HTTP/1.1\r\nHost: x\r\n":                                           "",
		"GET /a/../healthz HTTP/1.1\r\nHost: x\r\n":                                         "",
		"GET / HTTP/1.1\r\nHost: x\r\n":                                                     "",
		"GET /healthz/x HTTP/1.1\r\nHost: x\r\n":                                            "",
		"GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nExpect: 200-ok\r\n":    "",
	} {
		r, refusal := wsproto.ParseRequest([]byte(request + "\r\n"))
		if refusal != nil {
			t.Errorf("%q: %v", request, refusal)
			continue
		}
		if _, got := l.Check(&r, date); string(got) != want {
			t.Errorf("%q is answered with\n%q, want\n%q", request, got, want)
		}
	}
}
