package service

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/respond"
	"github.com/echosvc/echosvc/internal/wstest"
)

func TestCheckHealth(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		port := func(addr string) config.Port { return config.Port(wstest.Port(t, addr)) }
		for name, c := range map[string]config.Config{
			"health port":    {HealthPort: port(r.health)},
			"WebSocket port": {Port: port(r.addr)},
			"host":           {Host: "127.0.0.1", Port: port(r.addr)},
			"all addresses":  {Host: "0.0.0.0", HealthPort: port(r.health)},
		} {
			if err := CheckHealth(t.Context(), c, 0); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		free := loopback(t)
		free.Close()
		if err := CheckHealth(t.Context(), config.Config{Port: port(free.Addr().String())}, 0); err == nil {
			t.Error("healthy where nothing listens")
		}
		if err := CheckHealth(t.Context(), config.Config{}, time.Hour); err == nil || !strings.Contains(err.Error(), "free port") {
			t.Errorf("with PORT=0: %v", err)
		}
	})
}

func TestHealthOverTLS(t *testing.T) {
	r, _ := startTLS(t)
	c := r.config
	c.Host, c.Port, c.HealthPort = "127.0.0.1", config.Port(wstest.Port(t, r.addr)), 0
	if err := CheckHealth(t.Context(), c, 0); err != nil {
		t.Error(err)
	}
}

// TestCheckHealthWaits until the service is healthy, and not longer than it may.
func TestCheckHealthWaits(t *testing.T) {
	ln := loopback(t)
	var requests atomic.Int64
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) < 3 {
			respond.PlainText(w, http.StatusServiceUnavailable, "not yet")
		}
	})}
	go server.Serve(ln)
	defer server.Close()
	c := config.Config{HealthPort: config.Port(wstest.Port(t, ln.Addr().String()))}
	if err := CheckHealth(t.Context(), c, wstest.Patience); err != nil || requests.Load() != 3 {
		t.Errorf("%v after %d requests", err, requests.Load())
	}
	requests.Store(-1 << 30)
	if err := CheckHealth(t.Context(), c, 2*attemptInterval); err == nil || !strings.Contains(err.Error(), "not yet") {
		t.Errorf("a service that stays unhealthy: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := CheckHealth(ended, c, wstest.Patience); err == nil {
		t.Error("healthy without a request")
	}
}
