package e2e

import (
	"crypto/tls"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"testing"

	"github.com/echosvc/echosvc/internal/wstest"
)

// The pods read the certificate from a directory that the kubelet updates, not from a file mounted
// with subPath, which it would not.
func TestTLSAtThePod(t *testing.T) {
	for _, overlay := range []string{"base", "monitoring", "local"} {
		t.Run(overlay, func(t *testing.T) {
			m := loadKustomization(t, func(k8s string) string { return withComponent(k8s, overlay, "components/tls", "") })
			if len(m.pod().Volumes) != 1 || len(m.container().VolumeMounts) != 1 {
				t.Fatal("want one volume and one mount")
			}
			volume, mount := m.pod().Volumes[0], m.container().VolumeMounts[0]
			if volume.Secret == nil || volume.Secret.SecretName != "echosvc-tls" || mount.Name != volume.Name {
				t.Errorf("the volume is %v, the mount %v", volume, mount)
			}
			if mount.SubPath != "" || !mount.ReadOnly {
				t.Errorf("the mount is %v", mount)
			}
			// A Secret of the type kubernetes.io/tls has these keys.
			variables := environment(t, m)
			for name, key := range map[string]string{"TLS_CERT_FILE": "tls.crt", "TLS_KEY_FILE": "tls.key"} {
				if want := path.Join(mount.MountPath, key); variables[name] != want {
					t.Errorf("%s=%s, want %s", name, variables[name], want)
				}
			}
			if config := configuration(t, m); config.TLSCertFile == "" {
				t.Error("echosvc would not speak TLS")
			}
			port := m.service.Spec.Ports[0]
			if port.Port != 443 || port.AppProtocol == nil || *port.AppProtocol != "kubernetes.io/wss" {
				t.Errorf("the Service's port is %v", port)
			}
			if reasons := podViolations(t, &m.deployment.Spec.Template); len(reasons) > 0 {
				t.Errorf("rejected: %q", reasons)
			}
		})
	}
}

// The kubelet writes a new version of a Secret into a new directory, and then renames a symbolic link
// to it over the old link. echosvc serves the new certificate without a restart.
func TestRenewedSecretIsServed(t *testing.T) {
	mount := t.TempDir()
	update := func(version, commonName string) {
		t.Helper()
		dir := filepath.Join(mount, version)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		cert, key := wstest.WriteCertificate(t, dir, commonName)
		for from, to := range map[string]string{cert: "tls.crt", key: "tls.key"} {
			if err := os.Rename(from, filepath.Join(dir, to)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Symlink(version, filepath.Join(mount, "..data_tmp")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(mount, "..data_tmp"), filepath.Join(mount, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	update("..1", "old")
	var variables []string
	for name, key := range map[string]string{"TLS_CERT_FILE": "tls.crt", "TLS_KEY_FILE": "tls.key"} {
		file := filepath.Join(mount, key)
		if err := os.Symlink(filepath.Join("..data", key), file); err != nil {
			t.Fatal(err)
		}
		variables = append(variables, name+"="+file)
	}
	p := startBinary(t, variables...)
	served := func() string {
		conn, err := tls.Dial("tcp", fmt.Sprintf("localhost:%d", p.ports["ws"]), &tls.Config{InsecureSkipVerify: true}) // by whom it is signed does not matter here
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	if got := served(); got != "old" {
		t.Fatalf("the certificate is that of %q", got)
	}
	update("..2", "new")
	wstest.Eventually(t, "the new certificate is served", func() bool { return served() == "new" })
}
