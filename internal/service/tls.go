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
	"time"
)

// certificateCheck is how often, at the most, the files of the certificate are looked at.
const certificateCheck = time.Second

// certificate is a key pair from files, which is read again when they have changed. Who
// is connected keeps what it has.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	now               func() time.Time

	mu      sync.Mutex
	pair    *tls.Certificate
	seen    [2]os.FileInfo // of the files that pair was read from
	checked time.Time
}

// loadCertificate reads a key pair. The error names the variables and what is wrong.
func loadCertificate(certFile, keyFile string, log *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log, now: time.Now}
	if err := c.load(); err != nil {
		return nil, err
	}
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
	c.pair, c.seen, c.checked = &pair, seen, c.now()
	return nil
}

// stat looks at the files; one that is not there is nil.
func (c *certificate) stat() (seen [2]os.FileInfo) {
	seen[0], _ = os.Stat(c.certFile)
	seen[1], _ = os.Stat(c.keyFile)
	return seen
}

// changed says whether the files are others than those that were read.
func (c *certificate) changed() bool {
	for i, now := range c.stat() {
		before := c.seen[i]
		if now == nil || before == nil || !os.SameFile(now, before) || now.Size() != before.Size() || !now.ModTime().Equal(before.ModTime()) {
			return true
		}
	}
	return false
}

// get gives the certificate to a handshake. A new one that cannot be used, as when only
// one of the files has been replaced so far, is logged, and the old one stays.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now().Sub(c.checked) >= certificateCheck {
		c.checked = c.now()
		if c.changed() {
			if err := c.load(); err != nil {
				c.log.Warn("the certificate has changed and cannot be used; the one before stays", "error", err)
			} else {
				c.log.Info("the certificate was read again", "file", c.certFile)
			}
		}
	}
	return c.pair, nil
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
