package httpecho

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// Check returns the whole response to a health check, with date as its Date, or nil if the request is
// not a health check that is in order. The answer does not depend on a body, so net/http would only
// wait for that. A check needs no place among the plain requests and no memory beyond the call, since a
// busy server is not an unhealthy one.
func (l *Listener) Check(r *wsproto.Request, date string) []byte {
	requested, _, _ := strings.Cut(r.Target, "?")
	path := healthPath(requested)
	if path == "" || r.Method == http.MethodConnect || validate(r) != nil {
		return nil
	}
	for expectation := range r.Values("Expect") {
		if !strings.EqualFold(expectation, "100-continue") {
			return nil // net/http refuses it
		}
	}
	request := &http.Request{Method: r.Method, URL: &url.URL{Path: path}, Header: http.Header{}}
	written := recorder{header: http.Header{"Date": {date}}, status: http.StatusOK}
	l.requests.Health.ServeHTTP(&written, request)
	response := http.Response{
		StatusCode: written.status, ProtoMajor: 1, ProtoMinor: 1, Header: written.header, Close: true, Request: request,
		Body: io.NopCloser(&written.body), ContentLength: int64(written.body.Len()),
	}
	if r.Proto == "HTTP/1.0" {
		response.ProtoMinor = 0
	}
	var answer bytes.Buffer
	response.Write(&answer) // cannot fail
	return answer.Bytes()
}

// recorder is a ResponseWriter that keeps a short response.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }
