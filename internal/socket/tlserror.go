package socket

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
)

// TLSError is why a TLS handshake failed.
type TLSError uint8

// The causes.
const (
	TLSOther       TLSError = iota
	TLSNone                 // the client does not speak TLS
	TLSVersion              // it supports no version that the server does
	TLSCipher               // no cipher suite, or no group for the key exchange
	TLSProtocol             // no application protocol (ALPN)
	TLSCertificate          // it does not accept the server's certificate
	TLSAlert                // it ended the handshake with another alert
	TLSClosed               // it closed the connection
	TLSTimeout              // the handshake took too long, or made room for another
	tlsErrors
)

var tlsErrorNames = [tlsErrors]string{"other", "not_tls", "version", "cipher", "protocol", "certificate", "alert", "closed", "timeout"}

// String returns the name for metrics.
func (e TLSError) String() string { return tlsErrorNames[e] }

// TLSErrors returns all causes.
func TLSErrors() []TLSError {
	all := make([]TLSError, tlsErrors)
	for i := range all {
		all[i] = TLSError(i)
	}
	return all
}

// certificateAlerts are the alerts of a client that does not accept a certificate (RFC 8446
// section 6.2).
var certificateAlerts = []tls.AlertError{42, 43, 44, 45, 46, 48, 49}

// tlsErrorOf returns why a handshake failed. crypto/tls exports few of its errors, so the
// others are recognized by their texts.
func tlsErrorOf(err error) TLSError {
	var record tls.RecordHeaderError
	var remote *net.OpError
	text := err.Error()
	switch {
	case errors.Is(err, errTLSHandshake), errors.Is(err, ErrHandshakes), errors.Is(err, ErrWriteTimeout):
		return TLSTimeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return TLSClosed
	case errors.As(err, &record):
		return TLSNone
	case errors.As(err, &remote) && remote.Op == "remote error":
		if slices.ContainsFunc(certificateAlerts, func(a tls.AlertError) bool { return a.Error() == remote.Err.Error() }) {
			return TLSCertificate
		}
		return TLSAlert
	case strings.Contains(text, "unsupported versions"), strings.Contains(text, "protocol version"):
		return TLSVersion
	case strings.Contains(text, "no cipher suite"), strings.Contains(text, "no mutually supported"),
		strings.Contains(text, "no key exchanges supported"), strings.Contains(text, "no ECDHE curve"), strings.Contains(text, "unsupported curve"):
		return TLSCipher
	case strings.Contains(text, "unsupported application protocols"):
		return TLSProtocol
	case strings.Contains(text, "bad record MAC"):
		// OpenSSL, and with it curl, sends alerts in the clear until its Finished message of TLS
		// 1.3, when crypto/tls takes them for ciphertext. What it checks by then is the certificate.
		return TLSCertificate
	}
	return TLSOther
}

// tlsFailed notes that a TLS handshake failed. One that Abort ends does not count.
func (c *Config) tlsFailed(err error) {
	if c.TLSFailed != nil && err != nil && !errors.Is(err, net.ErrClosed) {
		c.TLSFailed(tlsErrorOf(err))
	}
}
