package wstest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A Certificate is for localhost and 127.0.0.1, signed by itself, and valid for a week.
type Certificate struct {
	CertFile, KeyFile string         // tls.crt and tls.key, in PEM
	Roots             *x509.CertPool // of a client that trusts it
}

// NewCertificate writes a new certificate and its key into a directory. It replaces existing files
// atomically, by renaming, as a Kubernetes Secret volume does.
func NewCertificate(dir, commonName string) (*Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: commonName},
		NotAfter: time.Now().AddDate(0, 0, 7), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	c := &Certificate{filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"), x509.NewCertPool()}
	c.Roots.AppendCertsFromPEM(certPEM)
	for file, text := range map[string][]byte{c.CertFile: certPEM, c.KeyFile: keyPEM} {
		if err := os.WriteFile(file+".new", text, 0o600); err != nil {
			return nil, err
		}
		if err := os.Rename(file+".new", file); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// WriteCertificate is NewCertificate for a test.
func WriteCertificate(t testing.TB, dir, commonName string) (certFile, keyFile string) {
	t.Helper()
	c, err := NewCertificate(dir, commonName)
	if err != nil {
		t.Fatal(err)
	}
	return c.CertFile, c.KeyFile
}
