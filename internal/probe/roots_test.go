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

func TestFileOfAuthorities(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{empty: "no certificate in PEM", filepath.Join(dir, "none.pem"): "none.pem"} {
		if _, err := TLSConfig(file, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// TestSystemWithoutAuthorities has those of Mozilla: in a process of its own, for a process
// reads the system's once.
func TestSystemWithoutAuthorities(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("where the system's authorities are can be told on Linux")
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

// TestMozillasAuthorities trust themselves, those that this version of Go reads.
func TestMozillasAuthorities(t *testing.T) {
	pool, trusted := mozillas(), 0
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
		t.Errorf("there are %d", trusted)
	}
}
