package query

import (
	"net/http"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// Required returns the header field that a response must have because of its status, when a
// control has asked for that (RFC 9110 section 15.5).
func Required(status int) (f wsproto.Field, ok bool) {
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
