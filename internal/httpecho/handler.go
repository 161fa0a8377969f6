// Package httpecho answers plain HTTP requests on the WebSocket port. A connection that
// turns out not to be a WebSocket goes to net/http through a [Listener]. The [Handler]
// echoes the request as JSON or text, which shows what proxies have changed in it.
//
// An [http.Server] that serves a Handler must serve a Listener and have [ConnContext] as its
// ConnContext: the echo takes the bytes of the request from there, and panics without them.
package httpecho

import (
	"net/http"
	"strings"
	"time"

	"github.com/echosvc/echosvc/internal/requestinfo"
	"github.com/echosvc/echosvc/internal/respond"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// Config is what a Handler needs.
type Config struct {
	Policy   *wsproto.Policy // decides which origins may read the echo
	Identity requestinfo.Identity
	Headers  *requestinfo.Filter
	Health   http.Handler                    // answers /healthz and /readyz
	Page     func(http.Handler) http.Handler // serves the page, and passes on other requests; may be nil
	Controls bool                            // whether the query of a request may have controls
	// After is time.After. Delays end when Draining is closed.
	After    func(time.Duration) <-chan time.Time
	Draining <-chan struct{}
}

// Handler returns the handler of the WebSocket port, which must be served as the package
// comment says. It echoes all requests except those for the page, for health, and for a path
// that ends in /ws or /.ws. Such a path most likely means a WebSocket, so the response
// explains how to open one.
func Handler(c Config) http.Handler {
	echo := echoHandler{policy: c.Policy, identity: c.Identity, headers: c.Headers}
	var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		webSocket := strings.HasSuffix(r.URL.Path, "/ws") || strings.HasSuffix(r.URL.Path, "/.ws")
		if webSocket && r.Method != http.MethodOptions {
			upgradeRequired(w, r)
		} else { // without a ServeMux, which would clean the path
			echo.ServeHTTP(w, r)
		}
	})
	if c.Page != nil {
		h = c.Page(h)
	}
	if c.Controls {
		h = controlled{h, echo, c.After, c.Draining}
	}
	return CleanHealthPaths(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nc := r.Context().Value(connKey{}).(*replayConn)
		nc.parsed()
		nc.rest()
		if r.Method == http.MethodOptions {
			w.Header().Set("Allow", methods)
		}
		switch {
		case healthPath(r.URL.Path) != "":
			c.Health.ServeHTTP(w, r)
		case r.Method == http.MethodConnect: // a 200 would open a tunnel
			w.Header().Set("Allow", methods)
			respond.PlainText(w, http.StatusMethodNotAllowed, "This server is not a proxy.")
		default:
			h.ServeHTTP(w, r)
		}
	}))
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
	offerUpgrade(w.Header())
	here := "ws://" + r.Host + r.URL.EscapedPath()
	respond.PlainText(w, http.StatusUpgradeRequired, "This is a WebSocket echo server, and this request has no \"Upgrade: websocket\". Either the client is not a\n"+
		"WebSocket client, or a proxy removed the field. Every path opens a WebSocket; use wss if the server uses https.\n"+
		"In a browser's console: new WebSocket(\""+here+"\"). With a tool: websocat "+here)
}
