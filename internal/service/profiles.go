package service

import (
	"net/http"
	"net/http/pprof"
	"strconv"
	"time"
)

// handleProfiles adds the profiles of Go's runtime to mux. A profile that is taken for some
// time may be sent within write after that.
func handleProfiles(mux *http.ServeMux, write time.Duration) {
	const root = "/debug/pprof/"
	mux.Handle(root, getOnly(longer(pprof.Index, 0, write)))
	mux.Handle(root+"cmdline", getOnly(http.HandlerFunc(pprof.Cmdline)))
	mux.Handle(root+"profile", getOnly(longer(pprof.Profile, 30*time.Second, write)))
	mux.Handle(root+"symbol", getOnly(http.HandlerFunc(pprof.Symbol)))
	mux.Handle(root+"trace", getOnly(longer(pprof.Trace, time.Second, write)))
}

// longer puts the deadline of the answer off by the seconds in the query, and by least at
// least, which is how long a profile without them takes.
func longer(h http.HandlerFunc, least, write time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		taken := least
		if n, err := strconv.ParseFloat(r.URL.Query().Get("seconds"), 64); err == nil && n > 0 && n <= time.Hour.Seconds() {
			taken = max(least, time.Duration(n*float64(time.Second)))
		}
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(taken + write))
		h(w, r)
	})
}
