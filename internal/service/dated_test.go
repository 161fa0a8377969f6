package service

import (
	"io"
	"slices"
	"strings"
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
		"GET //metrics HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n": 307,
	} {
		c := wstest.Connect(t, r.health)
		c.Send([]byte(request))
		response := c.Response()
		if _, err := io.ReadAll(response.Body); response.StatusCode != want || len(response.Header.Values("Date")) != 1 || err != nil {
			t.Errorf("%q is answered with %s, %v, %v", request, response.Status, response.Header, err)
		}
	}
}

// TestEmptyLinesBeforeARequestToTheHealthPort_RFC9112Section2_2: they are skipped, up to the limit of
// PORT, however they arrive.
func TestEmptyLinesBeforeARequestToTheHealthPort_RFC9112Section2_2(t *testing.T) {
	r := start(t, "portable", nil)
	const get = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
	for request, want := range map[string]int{
		"\r\n" + get:                    200,
		strings.Repeat("\r\n", 4) + get: 200,
		strings.Repeat("\r\n", 5) + get: 400,
		"\n" + get:                      400,
		"\r" + get:                      400,
		"\r\n\r" + get:                  400,
		"\r\r\n" + get:                  400,
		"\r\nPOST /readyz HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n\r\n\r\n": 200,
	} {
		for _, piece := range []int{1, 2, 3, len(request)} {
			if want != 200 {
				piece = len(request) // what is sent after the answer could meet a closed connection
			}
			c := wstest.Connect(t, r.health)
			for part := range slices.Chunk([]byte(request), piece) {
				c.Send(part)
			}
			response := c.Response()
			if io.Copy(io.Discard, response.Body); response.StatusCode != want {
				t.Errorf("%q in pieces of %d is answered with %s", request, piece, response.Status)
			}
			if want == 200 { // the connection stays usable
				c.Send([]byte(get))
				if response := c.Response(); response.StatusCode != 200 {
					t.Errorf("after %q, a request is answered with %s", request, response.Status)
				}
			}
		}
	}
}

// TestNoBodyForHEADOfTheHealthPort_RFC9110Section9_3_2, also when net/http refuses the request.
func TestNoBodyForHEADOfTheHealthPort_RFC9110Section9_3_2(t *testing.T) {
	r := start(t, "portable", nil)
	const head, get = "HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
	for request, body := range map[string]string{
		"HEAD /healthz HTTP/1.1\r\n\r\n":                                "",
		"\r\nHEAD / HTTP/1.1\r\nHost: x/\r\n\r\n":                       "",
		"HEAD / HTTP/3.0\r\nHost: x\r\n\r\n":                            "",
		"HEAD / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n": "",
		"HEADS / HTTP/1.1\r\n\r\n":                                      "400 Bad Request: missing required Host header",
		"GET /HEAD HTTP/1.1\r\n\r\n":                                    "400 Bad Request: missing required Host header",
	} {
		for _, before := range []string{"", head, get} {
			if before != "" {
				request = strings.TrimPrefix(request, "\r\n")
			}
			for _, piece := range []int{3, len(request)} {
				c := wstest.Connect(t, r.health)
				c.Send([]byte(before))
				switch before {
				case head:
					if err := c.SkipHead(); err != nil {
						t.Fatal(err)
					}
				case get:
					io.Copy(io.Discard, c.Response().Body)
				}
				for part := range slices.Chunk([]byte(request), piece) {
					c.Send(part)
				}
				all, err := io.ReadAll(c)
				if _, got, _ := strings.Cut(string(all), "\r\n\r\n"); got != body || err != nil {
					t.Errorf("%q in pieces of %d after %q is answered with %q, %v", request, piece, before, all, err)
				}
			}
		}
	}
}
