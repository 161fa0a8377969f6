package service

import (
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/config"
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
			if err := CheckHealth(t.Context(), c); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		free := loopback(t)
		free.Close()
		if err := CheckHealth(t.Context(), config.Config{Port: port(free.Addr().String())}); err == nil {
			t.Error("healthy where nothing listens")
		}
		if err := CheckHealth(t.Context(), config.Config{}); err == nil || !strings.Contains(err.Error(), "free port") {
			t.Errorf("with PORT=0: %v", err)
		}
	})
}

func TestHealthOverTLS(t *testing.T) {
	r, _ := startTLS(t)
	c := r.config
	c.Host, c.Port, c.HealthPort = "127.0.0.1", config.Port(wstest.Port(t, r.addr)), 0
	if err := CheckHealth(t.Context(), c); err != nil {
		t.Error(err)
	}
}
