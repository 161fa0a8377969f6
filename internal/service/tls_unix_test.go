//go:build unix

package service

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/wstest"
)

// TestCertificateThatBlocks: a FIFO without a writer blocks like a file on a hung volume.
// Handshakes go on with the last pair, and so does the drain.
func TestCertificateThatBlocks(t *testing.T) { eachDriver(t, testCertificateThatBlocks) }

func testCertificateThatBlocks(t *testing.T, driver string) {
	r, _ := startTLS(t, driver)
	cert := r.config.TLSCertFile
	good, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(cert); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(cert, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.WriteFile(cert, good, 0o600) }) // lets the reader end
	r.ReloadCertificate()
	c, _ := dialTLS(t, r.addr)
	c.Send(wstest.Frame(0x81, "still"))
	c.Expect(frame(0x81, "still"))
	r.terminate()
	if f, err := c.Frame(); err != nil || f.First != 0x88 {
		t.Errorf("read %v, %v; want a close frame", f, err)
	}
	c.Send(wstest.Frame(0x88, "\x03\xe9"))
	c.ExpectEnd()
}

// TestCertificateThatBlocksAtTheStart does not keep a signal from ending the service.
func TestCertificateThatBlocksAtTheStart(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "tls.crt")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	c := config.Default()
	c.TLSCertFile, c.TLSKeyFile = fifo, fifo
	signals := make(chan os.Signal, 1)
	signals <- syscall.SIGTERM
	if err := New(c, slog.New(slog.DiscardHandler), "test").Run(context.Background(), signals, io.Discard); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(fifo, nil, 0o600); err != nil { // lets the reader end
		t.Error(err)
	}
}
