package service

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// certificate is a certificate and its key. It is reloaded when the files have changed.
// Existing connections keep the certificate of their handshake. A file may block, as on a
// hung volume: only the goroutine that reads it waits, and the last pair stays in use.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	now               func() time.Time

	pair    atomic.Pointer[tls.Certificate]
	checked atomic.Int64   // when the files were last checked for changes, in Unix nanoseconds
	loading sync.Mutex     // held while the files are read
	seen    [2]os.FileInfo // of the files, when pair was loaded
}

// certificateCheck is the least time between two checks of the files.
const certificateCheck = time.Second

// loadCertificate loads a certificate and its key. The error names the setting and the
// cause.
func loadCertificate(certFile, keyFile string, log *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log, now: time.Now}
	if err := c.load(); err != nil {
		return nil, err
	}
	c.checked.Store(c.now().UnixNano())
	return c, nil
}

// load reads the files.
func (c *certificate) load() error {
	seen := c.stat()
	cert, err := os.ReadFile(c.certFile)
	if err != nil {
		return fmt.Errorf("TLS_CERT_FILE: %w", err)
	}
	key, err := os.ReadFile(c.keyFile)
	if err != nil {
		return fmt.Errorf("TLS_KEY_FILE: %w", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("TLS_CERT_FILE=%s and TLS_KEY_FILE=%s are not a certificate and its key, in PEM: %w", c.certFile, c.keyFile, err)
	}
	c.pair.Store(&pair)
	c.seen = seen
	return nil
}

// stat returns the state of the files, nil for one that does not exist.
func (c *certificate) stat() (seen [2]os.FileInfo) {
	seen[0], _ = os.Stat(c.certFile)
	seen[1], _ = os.Stat(c.keyFile)
	return seen
}

// changed reports whether the files have changed since they were loaded.
func (c *certificate) changed() bool {
	for i, now := range c.stat() {
		before := c.seen[i]
		if now == nil || before == nil || !os.SameFile(now, before) || now.Size() != before.Size() || !now.ModTime().Equal(before.ModTime()) {
			return true
		}
	}
	return false
}

// reload loads the files if they have changed. If they cannot be used, for example while
// only one of them has been replaced, it logs that and keeps the previous pair. It does
// nothing while an earlier reload is waiting for a file.
func (c *certificate) reload() {
	if !c.loading.TryLock() {
		return
	}
	defer c.loading.Unlock()
	if !c.changed() {
		return
	}
	if err := c.load(); err != nil {
		c.log.Warn("the certificate has changed but cannot be used; keeping the previous one", "error", err)
		return
	}
	c.log.Info("the certificate was reloaded", "file", c.certFile)
}

// get returns the certificate for a handshake. It starts a check of the files when one is
// due, but does not wait for it.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	now, checked := c.now().UnixNano(), c.checked.Load()
	due := now-checked >= int64(certificateCheck) || now < checked // the clock was set back
	if due && c.checked.CompareAndSwap(checked, now) {
		go c.reload()
	}
	return c.pair.Load(), nil
}

// serverTLS returns the configuration for wss. ALPN offers only HTTP/1.1, the version that
// RFC 6455 upgrades from. P-521 is not among the groups, because a handshake takes 2.9 ms with it, 18
// times as long as with X25519 and four times as long as with the slowest of the others, and a client
// need not do its half. Every browser offers another group.
func serverTLS(c *certificate) *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: c.get,
		CurvePreferences: []tls.CurveID{
			tls.X25519MLKEM768, tls.SecP256r1MLKEM768, tls.SecP384r1MLKEM1024, tls.X25519, tls.CurveP256, tls.CurveP384,
		},
	}
}

// answerNoTLS returns the answer to a client that speaks plain HTTP, given its first bytes.
func answerNoTLS(first [5]byte) string {
	switch string(first[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO":
		return "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 60\r\n\r\n" +
			"This port speaks TLS (TLS_CERT_FILE is set): use https, wss\n"
	}
	return ""
}
