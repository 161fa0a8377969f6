package service

import (
	"log/slog"
	"testing"

	"github.com/echosvc/echosvc/internal/config"
)

// TestAutoIsTheLoopWhereItExists, with TLS and without.
func TestAutoIsTheLoopWhereItExists(t *testing.T) {
	want := "portable"
	if haveLoop {
		want = "loop"
	}
	for _, file := range []string{"", "a"} {
		c := config.Default()
		c.TLSCertFile, c.TLSKeyFile = file, file
		s := New(c, slog.New(slog.DiscardHandler), "test")
		if d, err := s.newDriver(s.connServers(nil, nil)); err != nil || d.Name() != want {
			t.Errorf("auto with TLS_CERT_FILE=%q is %v, %v; want %s", file, d, err, want)
		}
	}
}
