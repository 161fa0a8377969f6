package service

import (
	"context"
	"net"
	"net/http"

	"github.com/echosvc/echosvc/internal/httpecho"
)

// healthHandler serves HEALTH_PORT, on conns. echo is the address of PORT, and ctx is done when the
// process begins to stop.
func (s *Service) healthHandler(ctx context.Context, conns *healthConns, echo net.Addr) http.Handler {
	lists := &lists{open: openViews(s.driver), ended: s.history.Each, now: s.now, clock: s.wallTime, looking: make(chan struct{}, 1)}
	a := &actions{
		allowed: bool(s.config.AdminActions), admission: s.admission, driver: s.driver, log: s.log,
		rehearsals: &rehearsals{
			admission: s.admission, driver: s.driver, now: s.now, log: s.log, ctx: ctx, running: &s.serving,
			delay: s.config.DrainDelay, spread: s.config.DrainSpread, timeout: s.config.DrainTimeout,
		},
	}
	mux := http.NewServeMux()
	handleHealth(mux, s.admission, s.driver)
	a.handle(mux)
	mux.Handle("/connections", getOnly(conns.costly(lists.handler())))
	mux.Handle("/metrics", getOnly(conns.costly(s.metrics.handler())))
	mux.Handle("/{$}", getOnly(indexHandler(entries(a.allowed, bool(s.config.Pprof)), portOf(echo))))
	if s.config.Pprof {
		handleProfiles(mux, s.config.WriteTimeout)
	}
	return httpecho.CleanHealthPaths(a.readiness(healthPort(mux, echo)))
}
