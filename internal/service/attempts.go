package service

import (
	"net/http"
	"strings"
	"time"

	"github.com/echosvc/echosvc/internal/requestinfo"
	"github.com/echosvc/echosvc/internal/respond"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsconn"
)

// attemptsPath is where the page asks, relative to itself, with its id in the query.
const attemptsPath = "/.ws/upgrade"

// attempt is the answer about an attempt to open a WebSocket.
type attempt struct {
	Outcome wsconn.Outcome `json:"outcome"`
	Status  int            `json:"status,omitempty"`
	Reason  string         `json:"reason,omitempty"`
	Text    string         `json:"text,omitempty"`
	Up      float64        `json:"up"` // how long the process has been serving, in seconds
	requestinfo.Identity
}

// handleAttempts answers the page's question what became of an upgrade: GET .ws/upgrade?id=ID.
// All other requests go to next. Pages of other origins cannot read the answer, since it has
// no Access-Control-Allow-Origin.
func handleAttempts(next http.Handler, attempts *wsconn.Attempts, now func() socket.Instant, identity requestinfo.Identity) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, attemptsPath) {
			next.ServeHTTP(w, r)
			return
		}
		id := r.URL.Query().Get("id")
		if !wsconn.ValidID(id) {
			respond.PlainText(w, http.StatusBadRequest, "The id must be 16 to 64 letters, digits and hyphens: the value of "+wsconn.PageParameter+" in the query of a WebSocket URL.")
			return
		}
		at := now()
		found := attempts.Lookup(at, id)
		h := w.Header()
		h.Set("Content-Type", respond.JSON)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		w.Write(requestinfo.JSON(attempt{found.Outcome, found.Status, string(found.Reason), found.Text, time.Duration(at).Seconds(), identity}, "")) // an error means that the client is gone
	})
}
