package service

import (
	"log/slog"
	"testing"
)

// The loop driver does not support TLS.
func TestAutoIsPortableWithTLS(t *testing.T) {
	s := New(testConfig(t, func(c *Config) { c.TLSCertFile, c.TLSKeyFile = "a", "b" }), slog.New(slog.DiscardHandler), "test")
	if d, err := s.newDriver(); err != nil || d.Name() != "portable" {
		t.Errorf("auto with TLS is %v, %v", d, err)
	}
}
