package main

import (
	"net"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/wstest"
)

// TestHealthcheckNeverExitsWith2, which Docker reserves for a HEALTHCHECK.
func TestHealthcheckNeverExitsWith2(t *testing.T) {
	_, port, _ := net.SplitHostPort(wstest.FreeAddr(t))
	tests := []struct {
		name, variable string
		args           []string
		status         int
		stdout, stderr string // a part of each
	}{
		{"nothing listens", "HEALTH_PORT=" + port, nil, 1, "", "unhealthy: "},
		{"nothing listens for a while", "HEALTH_PORT=" + port, []string{"-wait", "1ms"}, 1, "", "unhealthy: "},
		{"unknown port", "HEALTH_PORT=0", []string{"-wait=1h"}, 1, "", "PORT is 0"},
		{"invalid setting", "HEALTH_PORT=tcp://10.0.0.1:80", nil, 1, "", "HEALTH_PORT="},
		{"unknown flag", "HEALTH_PORT=" + port, []string{"-retries", "3"}, 1, "", "flag provided but not defined: -retries"},
		{"wait without a unit", "HEALTH_PORT=" + port, []string{"-wait", "10"}, 1, "", "-wait"},
		{"wait without a value", "HEALTH_PORT=" + port, []string{"-wait"}, 1, "", "-wait"},
		{"negative wait", "HEALTH_PORT=" + port, []string{"-wait", "-1s"}, 1, "", "-wait -1s must be 0 or more"},
		{"argument", "HEALTH_PORT=" + port, []string{"http://localhost/"}, 1, "", `no argument "http://localhost/"`},
		{"help", "HEALTH_PORT=" + port, []string{"-h"}, 0, "-wait duration", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("HOST", "127.0.0.1")
			t.Setenv("PORT", "0")
			name, value, _ := strings.Cut(test.variable, "=")
			t.Setenv(name, value)
			status, stdout, stderr := runOnce(t, append([]string{"healthcheck"}, test.args...)...)
			if status != test.status || !strings.Contains(stdout, test.stdout) || !strings.Contains(stderr, test.stderr) {
				t.Errorf("status %d, stdout %q, stderr %q", status, stdout, stderr)
			}
		})
	}
}
