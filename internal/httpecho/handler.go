// Package httpecho answers plain HTTP requests on the WebSocket port. A connection that
// turns out not to be a WebSocket goes to net/http through a [Listener]. The [Handler]
// echoes the request as JSON or text, which shows what proxies have changed in it.
//
// Handler must be served by an [http.Server] that serves a Listener and has [ConnContext]
// as its ConnContext. The echo takes the bytes of the request from there, and panics
// without them.
package httpecho

import (
	"net/http"
	"strings"

	"github.com/echosvc/echosvc/internal/requestinfo"
	"github.com/echosvc/echosvc/internal/respond"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// Handler returns the handler of the WebSocket port, which must be served as the package
// comment says. Requests that match a pattern of
// health go there. A path that ends in /ws or /.ws most likely means a WebSocket, so the
// response explains how to open one. All other requests are echoed. The policy decides
// which origins may read the echo.
func Handler(policy *wsproto.Policy, identity requestinfo.Identity, headers *requestinfo.Filter, health *http.ServeMux) http.Handler {
	echo := echoHandler{policy, identity, headers}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, pattern := health.Handler(r)
		switch {
		case r.Method == http.MethodConnect: // a 200 would open a tunnel
			w.Header().Set("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
			respond.PlainText(w, http.StatusMethodNotAllowed, "This server is not a proxy.")
		case pattern != "":
			health.ServeHTTP(w, r)
		case strings.HasSuffix(r.URL.Path, "/ws"), strings.HasSuffix(r.URL.Path, "/.ws"):
			upgradeRequired(w, r)
		default: // without a ServeMux, which would clean the path
			echo.ServeHTTP(w, r)
		}
	})
}

// Closing wraps h so that the connection closes after each response. On a persistent
// connection, a proxy could send an upgrade to net/http, which would not answer it.
func Closing(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close") // the only value of the field, or net/http ignores it
		h.ServeHTTP(w, r)
	})
}

// upgradeRequired explains how to open a WebSocket.
func upgradeRequired(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Upgrade", "websocket")
	w.Header().Add("Connection", "Upgrade") // RFC 9110 section 7.8
	w.Header()["Sec-WebSocket-Version"] = []string{"13"}
	here := "ws://" + r.Host + r.URL.EscapedPath()
	respond.PlainText(w, http.StatusUpgradeRequired, "This is a WebSocket echo server, and this request has no \"Upgrade: websocket\". Either the client is not a\n"+
		"WebSocket client, or a proxy removed the field. Every path opens a WebSocket; use wss if the server uses https.\n"+
		"In a browser's console: new WebSocket(\""+here+"\"). With a tool: websocat "+here)
}
