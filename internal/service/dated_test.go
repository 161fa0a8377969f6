package service

import (
	"io"
	"testing"

	"github.com/echosvc/echosvc/internal/wstest"
)

// TestDateOfInvalidRequests_RFC9110Section6_6_1: HEALTH_PORT sends Date when net/http refuses
// a request, once, and with any other answer.
func TestDateOfInvalidRequests_RFC9110Section6_6_1(t *testing.T) {
	r := start(t, "portable", nil)
	for request, want := range map[string]int{
		"GET /healthz HTTP/1.1\r\n\r\n":                                       400,
		"GET /healthz HTTP/1.1\r\nHost: x/\r\n\r\n":                           400,
		"garbage\r\n\r\n":                                                     400,
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n":       501,
		"GET / HTTP/3.0\r\nHost: x\r\n\r\n":                                   505,
		"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n":                            200,
		"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n":                            404,
		"GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: more\r\n\r\n":            417,
		"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\nHost: x\r\n\r\n":  200,
		"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n":      405,
		"GET /connections?limit=x HTTP/1.1\r\nHost: x\r\n\r\n":                400,
		"GET /healthz HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n":      400,
		"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n":   200,
		"OPTIONS * HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example\r\n\r\n":  204,
		"TRACE /readyz HTTP/1.1\r\nHost: x\r\nConnection: close, x\r\n\r\n":   200,
		"GET /a/../healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n":  307,
		"GET //healthz HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n": 307,
	} {
		c := wstest.Connect(t, r.health)
		c.Send([]byte(request))
		response := c.Response()
		if _, err := io.ReadAll(response.Body); response.StatusCode != want || len(response.Header.Values("Date")) != 1 || err != nil {
			t.Errorf("%q is answered with %s, %v, %v", request, response.Status, response.Header, err)
		}
	}
}
