package service

import (
	"net/http"
	"sync/atomic"
)

// statusLabels are the classes of status codes (RFC 9110 section 15), by their first digit.
// The first is for requests whose connection is closed without an answer, for example by a
// control.
var statusLabels = [...]string{0: "none", 2: "2xx", 3: "3xx", 4: "4xx", 5: "5xx"}

// statusCounts counts answers, by index in statusLabels.
type statusCounts [len(statusLabels)]atomic.Int64

// of counts the answers of h.
func (c *statusCounts) of(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		counting := &statusWriter{ResponseWriter: w}
		whole := false // h has not panicked to close the connection
		defer func() {
			class := counting.status / 100
			switch {
			case class > 1:
			case whole: // net/http answers with 200
				class = 2
			default:
				class = 0
			}
			c[class].Add(1)
		}()
		h.ServeHTTP(counting, r)
		whole = true
	})
}

// statusWriter is a ResponseWriter that remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int // of the answer, 0 before it begins
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status < http.StatusOK { // 1xx may come before it
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status < http.StatusOK {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap is for [http.ResponseController].
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
