package service

import (
	"strings"
	"testing"
)

func TestHealthOnBothPorts(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		for _, addr := range []string{r.addr, r.health} {
			for _, path := range []string{"/healthz", "/readyz"} {
				if got := get(t, "http://"+addr+path); got != 200 {
					t.Errorf("%s%s is %d", addr, path, got)
				}
			}
		}
		if strings.Contains(r.log.String(), `"level":"INFO","msg":"http request"`) {
			t.Error("probes are logged at info")
		}
	})
}
