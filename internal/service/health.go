package service

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/echosvc/echosvc/internal/socket"
)

// handleHealth adds /healthz and /readyz to mux. The first says that the process is
// alive, until its end; the second that it wants new connections.
func (s *Service) handleHealth(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		if s.driver.Stalled() {
			plainText(w, http.StatusServiceUnavailable, "a loop has not turned for 10 s")
		} else {
			plainText(w, http.StatusOK, "ok")
		}
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if s.draining.Load() {
			plainText(w, http.StatusServiceUnavailable, "draining")
		} else {
			plainText(w, http.StatusOK, "ok")
		}
	})
}

// handleConnections adds /connections to mux: the live connections as JSON.
func (s *Service) handleConnections(mux *http.ServeMux) {
	mux.HandleFunc("GET /connections", func(w http.ResponseWriter, r *http.Request) {
		list := s.connections()
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		encoder.Encode(map[string]any{"count": len(list), "connections": list}) // the client has gone when this fails
	})
}

// connections lists the live WebSocket connections, the oldest first.
func (s *Service) connections() []connectionInfo {
	list := []connectionInfo{}
	s.driver.Each(func(h socket.Handler) {
		if info, ok := h.(*conn).snapshot(); ok {
			list = append(list, info)
		}
	})
	slices.SortFunc(list, func(a, b connectionInfo) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// plainText answers with a line of text.
func plainText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	io.WriteString(w, text+"\n") // the client has gone when this fails
}

// healthCheckTimeout is how long CheckHealth waits.
const healthCheckTimeout = 3 * time.Second

// CheckHealth asks /healthz of the service that the configuration describes, on
// this machine, and returns nil when it answers 200.
func CheckHealth(ctx context.Context, c Config) error {
	port, scheme := c.HealthPort, "http"
	if port == 0 {
		port = c.Port
		if c.TLSCertFile != "" {
			scheme = "https"
		}
	}
	if port == 0 {
		return fmt.Errorf("PORT is 0, which is a free port: there is no way to know which")
	}
	host := c.Host
	if host == "" || host == "0.0.0.0" {
		host = "127.0.0.1"
	} else if host == "::" {
		host = "::1"
	}
	ctx, cancel := context.WithTimeout(ctx, healthCheckTimeout)
	defer cancel()
	url := url.URL{Scheme: scheme, Host: net.JoinHostPort(string(host), strconv.Itoa(int(port))), Path: "/healthz"}
	request := (&http.Request{Method: http.MethodGet, URL: &url, Header: http.Header{}}).WithContext(ctx)
	transport := &http.Transport{ // not through a proxy that the environment names
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // this machine asks itself; the name will not match
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(response.Body, 200))
		return fmt.Errorf("%s answered %s: %s", &url, response.Status, strings.TrimSpace(string(body)))
	}
	return nil
}
