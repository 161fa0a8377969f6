package service

import (
	"fmt"
	"net"
	"net/http"

	"github.com/echosvc/echosvc/internal/respond"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// healthPort serves HEALTH_PORT. Requests for paths that mux does not have, and WebSocket
// clients that have mistaken it for PORT, get a text with its paths. echo is the address of
// PORT.
func healthPort(mux *http.ServeMux, echo net.Addr) http.Handler {
	port := portOf(echo)
	const paths = "/healthz, /readyz, /metrics and /connections"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, pattern := mux.Handler(r)
		switch {
		case wantsWebSocket(r):
			respond.PlainText(w, http.StatusBadRequest, fmt.Sprintf("This is HEALTH_PORT, which serves %s, but no WebSockets. WebSockets are on %s.", paths, port))
		case r.Method == http.MethodOptions && (r.URL.Path == "/" || r.RequestURI == "*"): // HAProxy's default check
			w.Header().Set("Allow", healthMethods)
			w.WriteHeader(http.StatusNoContent)
		case pattern == "":
			respond.PlainText(w, http.StatusNotFound, fmt.Sprintf("This is HEALTH_PORT, which serves %s. The echo is on %s.", paths, port))
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

// getOnly refuses methods other than GET and HEAD (RFC 9110 section 15.5.6).
func getOnly(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			h.ServeHTTP(w, r)
			return
		case http.MethodOptions:
			w.Header().Set("Allow", healthMethods)
			w.WriteHeader(http.StatusNoContent)
		default:
			w.Header().Set("Allow", healthMethods)
			respond.PlainText(w, http.StatusMethodNotAllowed, fmt.Sprintf("The method is %.20q; %s allows %s.", r.Method, r.URL.Path, healthMethods))
		}
	})
}

// wantsWebSocket reports whether a request is an upgrade, as PORT sees it.
func wantsWebSocket(r *http.Request) bool {
	var request wsproto.Request
	for name, values := range r.Header {
		for _, value := range values {
			request.Fields = append(request.Fields, wsproto.Field{Name: name, Value: value})
		}
	}
	return request.IsUpgrade()
}

// portOf names the port or the Unix socket of an address.
func portOf(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return fmt.Sprintf("PORT, which is %d", tcp.Port)
	}
	return "the Unix socket " + addr.String()
}
