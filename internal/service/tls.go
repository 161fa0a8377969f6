package service

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// certificate is a key pair from files. It is read again when the files have changed; open
// connections keep the old one. A file may block, as on a hung volume: only the goroutine
// that reads it waits, and the last good pair serves.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	now               func() time.Time

	pair    atomic.Pointer[tls.Certificate]
	checked atomic.Int64 // when the files were last looked at, in Unix nanoseconds
	reading sync.Mutex   // held while the files are read
	seen    [2]os.FileInfo
}

// certificateCheck is the least time between two looks at the files of a certificate.
const certificateCheck = time.Second

// loadCertificate reads a key pair. The error names the variables and what is wrong.
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

// stat returns what is known of the files; nil for one that does not exist.
func (c *certificate) stat() (seen [2]os.FileInfo) {
	seen[0], _ = os.Stat(c.certFile)
	seen[1], _ = os.Stat(c.keyFile)
	return seen
}

// changed reports whether the files are not those that were read.
func (c *certificate) changed() bool {
	for i, now := range c.stat() {
		before := c.seen[i]
		if now == nil || before == nil || !os.SameFile(now, before) || now.Size() != before.Size() || !now.ModTime().Equal(before.ModTime()) {
			return true
		}
	}
	return false
}

// reload reads the files if they have changed. A pair that cannot be used, as when only one
// of the files has been replaced so far, is logged, and the old one stays. While an earlier
// reload is waiting for a file, reload does nothing.
func (c *certificate) reload() {
	if !c.reading.TryLock() {
		return
	}
	defer c.reading.Unlock()
	if !c.changed() {
		return
	}
	if err := c.load(); err != nil {
		c.log.Warn("the certificate has changed but cannot be used; the last one stays", "error", err)
		return
	}
	c.log.Info("the certificate was reloaded", "file", c.certFile)
}

// get returns the certificate for a handshake. It has the files looked at from time to
// time, but does not wait for that.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	now, checked := c.now().UnixNano(), c.checked.Load()
	if now-checked >= int64(certificateCheck) && c.checked.CompareAndSwap(checked, now) {
		go c.reload()
	}
	return c.pair.Load(), nil
}

// tlsListener makes TLS connections of those of a listener.
type tlsListener struct {
	net.Listener
	config *tls.Config
}

// newTLSListener returns a listener for wss. ALPN offers HTTP/1.1 alone: RFC 6455 knows no
// other.
func newTLSListener(ln net.Listener, c *certificate) net.Listener {
	return &tlsListener{ln, &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: c.get,
	}}
}

// Accept returns before the handshake, which is made with the first read.
func (l *tlsListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &tlsConn{tls.Server(nc, l.config)}, nil
}

// tlsConn is a TLS connection that tells a client which speaks plain HTTP.
type tlsConn struct {
	*tls.Conn
}

// errTLSHandshake ends a connection whose TLS handshake was not complete when its time, or
// the service's, had come. crypto/tls cannot go on with one after a deadline.
var errTLSHandshake = errors.New("the TLS handshake was not complete in time")

func (c *tlsConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) && !c.ConnectionState().HandshakeComplete {
		return n, errTLSHandshake
	}
	var record tls.RecordHeaderError
	if errors.As(err, &record) && record.Conn != nil && looksLikeHTTP(record.RecordHeader) {
		io.WriteString(record.Conn, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 60\r\n\r\n"+
			"This port speaks TLS (TLS_CERT_FILE is set): use https, wss\n")
	}
	return n, err
}

// looksLikeHTTP says whether the first bytes of a connection are those of a method.
func looksLikeHTTP(first [5]byte) bool {
	switch string(first[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO":
		return true
	}
	return false
}
