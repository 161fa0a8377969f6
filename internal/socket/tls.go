package socket

import (
	"crypto/tls"
	"errors"
	"io"
)

// errTLSHandshake is the cause of closing a connection whose TLS handshake was not complete
// when its handler did something, because of a time-out.
var errTLSHandshake = errors.New("the TLS handshake was not complete in time")

// answerNoTLS answers a client that does not speak TLS, given the error of the handshake.
func (c *Config) answerNoTLS(err error) {
	var record tls.RecordHeaderError
	if c.NoTLS != nil && errors.As(err, &record) && record.Conn != nil {
		io.WriteString(record.Conn, c.NoTLS(record.RecordHeader))
	}
}
