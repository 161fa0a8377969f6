package probe

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// TLSConfig is for wss. caFile has the authorities that are trusted, in PEM; "" is those of the
// system, or Mozilla's where the system has none, as in an image with nothing but this binary.
func TLSConfig(caFile string, insecure bool) (*tls.Config, error) {
	config := &tls.Config{InsecureSkipVerify: insecure}
	if insecure {
		return config, nil
	}
	if caFile != "" {
		text, err := os.ReadFile(caFile)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s has no certificate in PEM", caFile)
		}
		return config, nil
	}
	system, err := x509.SystemCertPool()
	if err != nil || system.Equal(x509.NewCertPool()) {
		config.RootCAs = mozillas()
	}
	return config, nil
}

// mozillas are the authorities that Mozilla trusts, each with the conditions that it makes.
func mozillas() *x509.CertPool {
	pool := x509.NewCertPool()
	for root := range bundle.Roots() {
		if certificate, err := x509.ParseCertificate(root.Certificate); err == nil {
			pool.AddCertWithConstraint(certificate, root.Constraint)
		}
	}
	return pool
}
