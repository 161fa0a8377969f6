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

// attemptsPath is the path of the request, relative to the page.
const attemptsPath = "/.ws/upgrade"

// attempt is the answer to the page, in JSON.
type attempt struct {
	Outcome wsconn.Outcome `json:"outcome"`
	Status  int            `json:"status,omitempty"`
	Reason  string         `json:"reason,omitempty"`
	Text    string         `json:"text,omitempty"`
	Up      float64        `json:"up"` // how long the process has been serving, in seconds
	requestinfo.Identity
}

// handleAttempts answers GET .ws/upgrade?id=ID with the result of the page's upgrade with that
// ID. Other requests go to next. Without Access-Control-Allow-Origin, pages of other origins
// cannot read the answer.
func handleAttempts(next http.Handler, attempts *wsconn.Attempts, now func() socket.Instant, identity requestinfo.Identity) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead || !strings.HasSuffix(r.URL.Path, attemptsPath) {
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
