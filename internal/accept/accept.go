// Package accept chooses the media type of an answer.
package accept

import (
	"net/http"
	"strings"

	"github.com/munnerz/goautoneg"
)

// Media types that the service answers with.
const (
	HTML = "text/html"
	JSON = "application/json"
	Text = "text/plain"
)

// Preferred returns the one of the offered media types that the request's Accept fields
// prefer (RFC 9110 section 12.5.1). Between equals the earlier offer wins. Without an
// Accept field, and when none of the offers is acceptable, it is the first.
func Preferred(r *http.Request, offers ...string) string {
	header := strings.ToLower(strings.Join(r.Header.Values("Accept"), ",")) // types are case-insensitive
	if chosen := goautoneg.Negotiate(header, offers); chosen != "" {
		return chosen
	}
	return offers[0]
}
