package service

import (
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/config"
)

// TestProfiles are on HEALTH_PORT alone, with PPROF=true.
func TestProfiles(t *testing.T) {
	r := start(t, "portable", func(c *config.Config) { c.Pprof = true; c.WriteTimeout = 500 * time.Millisecond })
	for target, want := range map[string]string{
		"/debug/pprof/":                  "goroutine",
		"/debug/pprof/goroutine?debug=1": "goroutine profile",
		"/debug/pprof/cmdline":           "",
		"/debug/pprof/profile?seconds=1": "",
	} {
		if status, body := fetch(t, "http://"+r.health+target); status != 200 || !strings.Contains(body, want) {
			t.Errorf("%s is answered with %d, %.100q", target, status, body)
		}
	}
	if status, _ := r.do("POST", "/debug/pprof/symbol"); status != 405 {
		t.Errorf("POST is answered with %d", status)
	}
	if _, body := fetch(t, "http://"+r.addr+"/debug/pprof/cmdline"); strings.Contains(body, ".test") && !strings.Contains(body, `"path"`) {
		t.Errorf("PORT has profiles: %.100q", body)
	}
}
