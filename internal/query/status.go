package query

import (
	"net/http"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// RequiredField returns the header field that a response with a status must have (RFC 9110
// section 15.5), for a control that sets the status.
func RequiredField(status int) (f wsproto.Field, ok bool) {
	switch status {
	case http.StatusUnauthorized:
		return wsproto.Field{Name: "WWW-Authenticate", Value: "Bearer"}, true // for Basic, a browser would ask its user
	case http.StatusMethodNotAllowed:
		return wsproto.Field{Name: "Allow", Value: "GET"}, true
	case http.StatusProxyAuthRequired:
		return wsproto.Field{Name: "Proxy-Authenticate", Value: "Bearer"}, true
	case http.StatusUpgradeRequired:
		return wsproto.Field{Name: "Sec-WebSocket-Version", Value: "13"}, true
	}
	return wsproto.Field{}, false
}
