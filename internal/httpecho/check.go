package httpecho

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// Check returns the path of a health check and the whole response to it, with date as its Date. For any
// other request, and for a check that is malformed, it returns nil. net/http would wait for a body, on
// which the answer does not depend. A check needs no place among the plain requests, and no memory
// beyond the call.
func (l *Listener) Check(r *wsproto.Request, date string) (path string, response []byte) {
	requested, err := url.ParseRequestURI(r.Target)
	if err != nil {
		return "", nil
	}
	path = healthPath(requested.Path)
	if path == "" || r.Method == http.MethodConnect || validate(r) != nil {
		return "", nil
	}
	for expectation := range r.Values("Expect") {
		if !strings.EqualFold(expectation, "100-continue") {
			return "", nil // net/http refuses it
		}
	}
	request := &http.Request{Method: r.Method, URL: &url.URL{Path: path}, Header: http.Header{}}
	written := recorder{header: http.Header{"Date": {date}}, status: http.StatusOK}
	l.requests.Health.ServeHTTP(&written, request)
	message := http.Response{
		StatusCode: written.status, ProtoMajor: 1, ProtoMinor: 1, Header: written.header, Close: true, Request: request,
		Body: io.NopCloser(&written.body), ContentLength: int64(written.body.Len()),
	}
	if r.Proto == "HTTP/1.0" {
		message.ProtoMinor = 0
	}
	var answer bytes.Buffer
	message.Write(&answer) // cannot fail
	return path, answer.Bytes()
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
