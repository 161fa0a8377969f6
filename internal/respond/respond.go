// Package respond writes the parts that HTTP responses of the service share: the choice of a
// media type, and short texts.
package respond

import (
	"io"
	"net/http"
	"strings"

	"github.com/munnerz/goautoneg"
)

// The media types of the service's responses.
const (
	HTML = "text/html"
	JSON = "application/json"
	Text = "text/plain"
)

// maxAccept is how much of the Accept fields is parsed, in bytes. Browsers send 150; each element
// takes some 150 bytes of memory.
const maxAccept = 2 << 10

// Preferred returns the offer that the request's Accept fields prefer (RFC 9110 section
// 12.5.1). The earlier of two equal offers wins. Preferred returns the first offer if there
// is no Accept field, or if no offer is acceptable. It ignores the elements beyond the first
// maxAccept bytes.
func Preferred(r *http.Request, offers ...string) string {
	header := strings.Join(r.Header.Values("Accept"), ",")
	if len(header) > maxAccept {
		header = header[:maxAccept]
		header = header[:max(0, strings.LastIndexByte(header, ','))]
	}
	header = strings.ToLower(header) // types are case-insensitive
	if chosen := goautoneg.Negotiate(header, offers); chosen != "" {
		return chosen
	}
	return offers[0]
}

// PlainText writes a response of one line of text.
func PlainText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	io.WriteString(w, text+"\n") // an error means that the client is gone
}
