package socket

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
)

// portableTLS is a TLS connection of the portable driver. Its handshake takes place with the
// first read or write.
type portableTLS struct {
	*tls.Conn
	config *Config
}

// secure returns a connection that speaks TLS, if the driver does.
func (c *Config) secure(nc net.Conn) net.Conn {
	if c.TLS == nil {
		return nc
	}
	return &portableTLS{tls.Server(nc, c.TLS), c}
}

// Read reads. crypto/tls cannot continue a handshake after a deadline.
func (c *portableTLS) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == nil {
		return n, nil
	}
	if errors.Is(err, os.ErrDeadlineExceeded) && !c.ConnectionState().HandshakeComplete {
		return n, errTLSHandshake
	}
	c.config.answerNoTLS(err)
	return n, err
}
