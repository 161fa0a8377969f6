package service

import (
	"net/http"

	"github.com/echosvc/echosvc/internal/respond"
	"github.com/echosvc/echosvc/internal/wsconn"
)

// handleHealth adds /healthz and /readyz to mux, for every method, because load balancers use
// many. /healthz reports whether the process works, even during the drain. /readyz reports
// whether load balancers should send new connections.
func handleHealth(mux *http.ServeMux, admission *wsconn.Admission, d driver) {
	handleState(mux, "/healthz", func() (failure string) {
		if d.Stalled() {
			return "a loop has been stuck for 10 s, or the server cannot accept connections"
		}
		return ""
	})
	handleState(mux, "/readyz", admission.Unready)
}

// handleState adds a path that answers 200 as long as check returns no failure.
func handleState(mux *http.ServeMux, path string, check func() (failure string)) {
	mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodOptions {
			w.Header().Set("Allow", healthMethods)
		}
		if failure := check(); failure != "" {
			respond.PlainText(w, http.StatusServiceUnavailable, failure)
		} else {
			respond.PlainText(w, http.StatusOK, "ok")
		}
	})
}

// healthMethods are the methods of HEALTH_PORT.
const healthMethods = "GET, HEAD, OPTIONS"
