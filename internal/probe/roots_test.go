package probe

import (
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

func TestTLSConfigRejectsCAFile(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{empty: "no PEM certificate", filepath.Join(dir, "none.pem"): "none.pem"} {
		if _, err := TLSConfig(file, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// Without system authorities, Mozilla's are used. The test runs in a process of its own, because
// a process reads the system's only once.
func TestSystemWithoutAuthorities(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only on Linux do variables set where the system's authorities are")
	}
	if os.Getenv("PROBE_TEST_AUTHORITIES") == "" {
		command := exec.Command(os.Args[0], "-test.run=^TestSystemWithoutAuthorities$")
		command.Env = append(os.Environ(), "PROBE_TEST_AUTHORITIES=1", "SSL_CERT_FILE=/nonexistent", "SSL_CERT_DIR=/nonexistent")
		if output, err := command.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, output)
		}
		return
	}
	config, err := TLSConfig("", false)
	if err != nil || config.RootCAs == nil || config.RootCAs.Equal(x509.NewCertPool()) {
		t.Errorf("%+v, %v", config, err)
	}
}

// Every root that this version of Go can parse verifies against the pool.
func TestMozillaRoots(t *testing.T) {
	pool, trusted := mozillaRoots(), 0
	for root := range bundle.Roots() {
		certificate, err := x509.ParseCertificate(root.Certificate)
		if err != nil || root.Constraint != nil {
			continue
		}
		if _, err := certificate.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: certificate.NotBefore.Add(time.Hour)}); err != nil {
			t.Errorf("%s: %v", certificate.Subject, err)
		}
		trusted++
	}
	if trusted < 50 {
		t.Errorf("%d roots, want at least 50", trusted)
	}
}
