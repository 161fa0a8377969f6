package service

import (
	"net/http"

	"github.com/echosvc/echosvc/internal/respond"
	"github.com/echosvc/echosvc/internal/wsconn"
)

// handleHealth adds /healthz and /readyz to mux. /healthz reports whether the process
// works, and passes during the drain too. /readyz reports whether load balancers should
// send new connections.
func handleHealth(mux *http.ServeMux, admission *wsconn.Admission, d driver) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		if d.Stalled() {
			respond.PlainText(w, http.StatusServiceUnavailable, "a loop has been stuck for 10 s, or the server cannot accept connections")
		} else {
			respond.PlainText(w, http.StatusOK, "ok")
		}
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if admission.Ready() {
			respond.PlainText(w, http.StatusOK, "ok")
		} else {
			respond.PlainText(w, http.StatusServiceUnavailable, "draining")
		}
	})
}
