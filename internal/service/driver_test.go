package service

import (
	"log/slog"
	"testing"

	"github.com/echosvc/echosvc/internal/config"
)

// TestAutoIsPortableWithTLS: the loop driver does not support TLS.
func TestAutoIsPortableWithTLS(t *testing.T) {
	c := config.Default()
	c.TLSCertFile, c.TLSKeyFile = "a", "b"
	s := New(c, slog.New(slog.DiscardHandler), "test")
	if d, err := s.newDriver(s.connServer(nil)); err != nil || d.Name() != "portable" {
		t.Errorf("auto with TLS is %v, %v", d, err)
	}
}
