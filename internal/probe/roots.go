package probe

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// TLSConfig returns the configuration for wss. caFile is a PEM file of trusted authorities. If
// it is empty, the system's are used, or Mozilla's if the system has none, as in a container
// image that holds nothing but this binary. insecure accepts every certificate, and caFile is
// ignored.
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
			return nil, fmt.Errorf("%s has no PEM certificate", caFile)
		}
		return config, nil
	}
	system, err := x509.SystemCertPool()
	if err != nil || system.Equal(x509.NewCertPool()) {
		config.RootCAs = mozillaRoots()
	}
	return config, nil
}

// mozillaRoots returns the authorities that Mozilla trusts, with the constraints that Mozilla
// puts on some of them.
func mozillaRoots() *x509.CertPool {
	pool := x509.NewCertPool()
	for root := range bundle.Roots() {
		if certificate, err := x509.ParseCertificate(root.Certificate); err == nil {
			pool.AddCertWithConstraint(certificate, root.Constraint)
		}
	}
	return pool
}
