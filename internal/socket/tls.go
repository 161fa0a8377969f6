package socket

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
)

// errTLSHandshake is the cause of closing a connection whose TLS handshake was not complete
// when its handler did something, because of a time-out.
var errTLSHandshake = errors.New("the TLS handshake was not complete in time")

// errBeforeTLS is the cause of closing a connection on which too much precedes TLS.
var errBeforeTLS = errors.New("what precedes TLS is too long")

// beforeTLS takes off what precedes TLS in the first bytes of a connection. more reports that
// it cannot be told yet.
func (c *Config) beforeTLS(p []byte) (before, rest []byte, more bool, err error) {
	if c.BeforeTLS == nil {
		return nil, p, false, nil
	}
	n, more, ok := c.BeforeTLS(p)
	switch {
	case !ok:
		return nil, nil, false, errBeforeTLS
	case n > 0:
		return bytes.Clone(p[:n]), p[n:], false, nil
	}
	return nil, p, more, nil
}

// answerNoTLS answers a client that does not speak TLS, given the error of the handshake.
func (c *Config) answerNoTLS(err error) {
	var record tls.RecordHeaderError
	if c.NoTLS != nil && errors.As(err, &record) && record.Conn != nil {
		io.WriteString(record.Conn, c.NoTLS(record.RecordHeader))
	}
}
