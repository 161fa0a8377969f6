package main

import (
	"crypto/tls"

	"github.com/echosvc/echosvc/internal/wstest"
)

// writeCertificate writes a certificate and its key into dir, and returns what a client needs. The
// client uses X25519, which every server has: what else it offered would be a difference between
// TLS libraries, not servers.
func writeCertificate(dir string) (*tls.Config, error) {
	certificate, err := wstest.NewCertificate(dir, "bench")
	if err != nil {
		return nil, err
	}
	return &tls.Config{RootCAs: certificate.Roots, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS13, CurvePreferences: []tls.CurveID{tls.X25519}}, nil
}
