package wsproto

import (
	"fmt"
	"strconv"
)

// Refusal is the answer to a request that is not accepted: an HTTP response that
// is never 101 and always closes the connection, so that no proxy on the way can
// believe that the upgrade took place.
type Refusal struct {
	Status int     // HTTP status code, 400 to 599
	Text   string  // what was wrong, what is allowed, and who set the limit
	Fields []Field // header fields of this status, Retry-After for one
}

// The status codes that this package refuses with, and those its callers use.
const (
	statusBadRequest         = 400
	statusForbidden          = 403
	statusMethodNotAllowed   = 405
	statusRequestTimeout     = 408
	statusURITooLong         = 414
	statusUpgradeRequired    = 426
	statusFieldsTooLarge     = 431
	statusServiceUnavailable = 503
	statusVersion            = 505
)

// reasonPhrases has the reason phrase of each status code above (RFC 9110 section 15, RFC 6585).
var reasonPhrases = map[int]string{
	statusBadRequest:         "Bad Request",
	statusForbidden:          "Forbidden",
	statusMethodNotAllowed:   "Method Not Allowed",
	statusRequestTimeout:     "Request Timeout",
	statusURITooLong:         "URI Too Long",
	statusUpgradeRequired:    "Upgrade Required",
	statusFieldsTooLarge:     "Request Header Fields Too Large",
	statusServiceUnavailable: "Service Unavailable",
	statusVersion:            "HTTP Version Not Supported",
}

// refuse makes a Refusal whose text is formatted.
func refuse(status int, format string, args ...any) *Refusal {
	return &Refusal{Status: status, Text: fmt.Sprintf(format, args...)}
}

// with returns r with a header field added.
func (r *Refusal) with(name, value string) *Refusal {
	r.Fields = append(r.Fields, Field{name, value})
	return r
}

// Timeout is the refusal of a request head that did not arrive in time.
func Timeout(text string) *Refusal {
	return &Refusal{Status: statusRequestTimeout, Text: text}
}

// Incomplete is the refusal of a request head that ended before its blank line.
func Incomplete() *Refusal {
	return refuse(statusBadRequest, "the connection was closed before the request head was complete")
}

// Unavailable is the refusal of an upgrade that would be welcome later: after
// retryAfter seconds, or at another server.
func Unavailable(text string, retryAfter int) *Refusal {
	r := &Refusal{Status: statusServiceUnavailable, Text: text}
	return r.with("Retry-After", strconv.Itoa(retryAfter))
}

// AppendResponse appends the whole HTTP response to dst.
func (r *Refusal) AppendResponse(dst []byte) []byte {
	dst = fmt.Appendf(dst, "HTTP/1.1 %d %s\r\n", r.Status, reasonPhrases[r.Status])
	if r.Status == statusUpgradeRequired {
		// RFC 9110 section 7.8: whoever sends Upgrade names it in Connection.
		dst = append(dst, "Connection: close, Upgrade\r\nUpgrade: websocket\r\n"...)
	} else {
		dst = append(dst, "Connection: close\r\n"...)
	}
	for _, f := range r.Fields {
		dst = fmt.Appendf(dst, "%s: %s\r\n", f.Name, f.Value)
	}
	return fmt.Appendf(dst, "Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nContent-Length: %d\r\n\r\n%s\n", len(r.Text)+1, r.Text)
}
