package service

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/clientaddr"
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
		if err := CheckHealth(t.Context(), config.Config{Port: port(wstest.FreeAddr(t))}, 0); err == nil {
			t.Error("healthy where nothing listens")
		}
		if err := CheckHealth(t.Context(), config.Config{}, time.Hour); err == nil || !strings.Contains(err.Error(), "free port") {
			t.Errorf("with PORT=0: %v", err)
		}
	})
}

func TestHealthOverTLS(t *testing.T) { eachDriver(t, testHealthOverTLS) }

func testHealthOverTLS(t *testing.T, driver string) {
	r, _ := startTLS(t, driver)
	c := r.config
	c.Host, c.Port, c.HealthPort = "127.0.0.1", config.Port(wstest.Port(t, r.addr)), 0
	if err := CheckHealth(t.Context(), c, 0); err != nil {
		t.Error(err)
	}
}

// TestHealthWithTheProxyProtocol: PORT requires a header from this machine, if it is a trusted proxy.
func TestHealthWithTheProxyProtocol(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		for _, trusted := range []string{"127.0.0.1", "192.0.2.1", "0.0.0.0/0,::/0"} {
			for _, protocol := range []clientaddr.Protocol{clientaddr.Optional, clientaddr.Require} {
				r := start(t, driver, func(c *config.Config) {
					c.ProxyProtocol = config.ProxyProtocol(protocol)
					if err := c.TrustedProxies.Decode(trusted); err != nil {
						t.Fatal(err)
					}
				})
				c := r.config
				for name, ports := range map[string][2]string{"PORT": {r.addr, ""}, "HEALTH_PORT": {r.addr, r.health}} {
					c.Host, c.Port, c.HealthPort = "127.0.0.1", config.Port(wstest.Port(t, ports[0])), 0
					if ports[1] != "" {
						c.HealthPort = config.Port(wstest.Port(t, ports[1]))
					}
					if err := CheckHealth(t.Context(), c, 0); err != nil {
						t.Errorf("%s, protocol %d, trusted %s: %v", name, protocol, trusted, err)
					}
				}
			}
		}
	})
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
	for wait := 2 * attemptInterval; ; wait *= 5 { // the first attempt may take that long on a slow machine
		err := CheckHealth(t.Context(), c, wait)
		if err != nil && strings.Contains(err.Error(), "not yet") {
			break
		}
		if err == nil || !errors.Is(err, context.DeadlineExceeded) || wait > wstest.Patience {
			t.Fatalf("a service that stays unhealthy: %v within %v", err, wait)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := CheckHealth(ended, c, wstest.Patience); err == nil {
		t.Error("healthy without a request")
	}
}

// TestHealthURL: the URL that a configuration leads to.
func TestHealthURL(t *testing.T) {
	dir := t.TempDir()
	file, empty := filepath.Join(dir, "urls"), filepath.Join(dir, "empty")
	if err := errors.Join(writeFile(file, "ws://127.0.0.1:1/ http://127.0.0.1:2/healthz\n"), writeFile(empty, "\n")); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		c               config.Config
		url, path, fail string
	}{
		{config.Config{Port: 80, HealthPort: 81}, "http://127.0.0.1:81/healthz", "", ""},
		{config.Config{Port: 80}, "http://127.0.0.1:80/healthz", "", ""},
		{config.Config{Port: 80, TLSCertFile: "a"}, "https://127.0.0.1:80/healthz", "", ""},
		{config.Config{Port: 80, HealthPort: 81, TLSCertFile: "a"}, "http://127.0.0.1:81/healthz", "", ""},
		{config.Config{Host: "::", HealthPort: 81}, "http://[::1]:81/healthz", "", ""},
		{config.Config{Host: "192.0.2.1", HealthPort: 81}, "http://192.0.2.1:81/healthz", "", ""},
		{config.Config{Host: "192.0.2.1", HealthHost: "192.0.2.2", HealthPort: 81}, "http://192.0.2.2:81/healthz", "", ""},
		{config.Config{Host: "192.0.2.1", HealthHost: "192.0.2.2", Port: 80}, "http://192.0.2.1:80/healthz", "", ""},
		{config.Config{Host: "unix:/a", HealthPort: 81}, "http://127.0.0.1:81/healthz", "", ""},
		{config.Config{Host: "unix:/a"}, "http://localhost/healthz", "/a", ""},
		{config.Config{HealthHost: "unix:/h", HealthPort: 81}, "http://localhost/healthz", "/h", ""},
		{config.Config{PortFile: file}, "http://127.0.0.1:2/healthz", "", ""},
		{config.Config{PortFile: empty}, "", "", "has no URL of /healthz"},
		{config.Config{PortFile: filepath.Join(dir, "none")}, "", "", "PORT_FILE: open "},
		{config.Config{}, "", "", "healthcheck cannot know which without PORT_FILE"},
	} {
		u, path, err := healthURL(&test.c)
		if test.fail != "" {
			if err == nil || !strings.Contains(err.Error(), test.fail) {
				t.Errorf("%+v: the error is %v, want %q", test.c, err, test.fail)
			}
		} else if err != nil || u.String() != test.url || path != test.path {
			t.Errorf("%+v: the URL is %v over %q, %v; want %s over %q", test.c, u, path, err, test.url, test.path)
		}
	}
}

// TestHealthOverAUnixSocket on either port.
func TestHealthOverAUnixSocket(t *testing.T) {
	dir := t.TempDir()
	for _, host := range []config.Host{config.Host("unix:" + filepath.Join(dir, "s")), "127.0.0.1"} {
		runUntil(t, func(c *config.Config) {
			c.Host = host
			if host == "127.0.0.1" {
				c.HealthHost, c.HealthPort = config.Host("unix:"+filepath.Join(dir, "h")), 1
			}
		}, func(s *Service, _ string) {
			if err := CheckHealth(t.Context(), s.config, 0); err != nil {
				t.Error(err)
			}
		})
	}
}
