package socket

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
)

const (
	recordHeader = 5
	// mostRecord is the largest record, header included. Those of TLS 1.2 (RFC 5246 section
	// 6.2.3) are larger than those of TLS 1.3.
	mostRecord = recordHeader + 16<<10 + 2<<10
)

// errTLSHandshake is the cause of closing a connection whose handler acted, because of a
// time-out, before the TLS handshake was complete.
var errTLSHandshake = errors.New("the TLS handshake was not complete in time")

// errBeforeTLS is the cause of closing a connection on which too much precedes TLS.
var errBeforeTLS = errors.New("what precedes TLS is too long")

// errMessage is the cause of closing a connection whose client sends too much without data.
var errMessage = errors.New("the TLS records of the client have a message that is too long, or no data")

// crypto/tls collects a handshake message of up to 256 KiB, and of any type after the handshake
// too. Clients need 2 to 4 KiB for the whole handshake, and 5 bytes for a message after it. In
// bytes of records:
const (
	// mostHandshake is the most that a client may send for its handshake.
	mostHandshake = mostRecord
	// mostSilence is the most that a client may send after it until there is data: a record
	// of the largest size that is only padding, and one with data.
	mostSilence = 2 * mostRecord
)

// ownedHandshake is how much a client may send for its handshake until crypto/tls takes more for it
// than what counts for every handshake and every connection. Browsers send 2 KB.
const ownedHandshake = 2 << 10

// longHandshake is how much a client may send in the clear for its handshake before it counts as long.
// Post-quantum key exchange takes a ClientHello to 2 or 3 KB, and a HelloRetryRequest (RFC 8446 section
// 4.1.4) asks for another one. A ClientHello of 16 KB full of ALPN protocols costs crypto/tls five times
// the time of a short one.
const longHandshake = 6 << 10

// keptFactor is how many bytes crypto/tls keeps of a connection for each byte beyond ownedHandshake:
// in its buffers for records and for messages, in the server name and, with TLS 1.2, in the whole
// ClientHello.
const keptFactor = 5

// keptOfHandshake returns how many bytes crypto/tls keeps after a handshake in which the client has
// sent n bytes in the clear, beyond what Config.ConnCost includes.
func keptOfHandshake(n int32) int32 { return keptFactor * max(0, n-ownedHandshake) }

// parsedFactor is how many bytes crypto/tls takes during a handshake for each byte beyond
// ownedHandshake. A protocol of ALPN (RFC 7301) has 2 bytes in the ClientHello, and 16 in a slice that
// has grown by up to a quarter. The rest are copies of the message, and the buffers.
const parsedFactor = 16

// takenByHandshake returns how many bytes a handshake takes in which the client has sent n bytes in the
// clear so far, beyond what counts for every handshake.
func takenByHandshake(n int32) int64 {
	return parsedFactor * int64(max(0, min(n, mostHandshake)-ownedHandshake))
}

// silence counts the bytes that crypto/tls has taken without returning data.
type silence struct {
	bytes int32
	open  bool // the handshake is complete
}

// allows reports whether crypto/tls may take n bytes.
func (s *silence) allows(n int) bool {
	if s.open {
		return int(s.bytes)+n <= mostSilence
	}
	return int(s.bytes)+n <= mostHandshake
}

// end notes that the handshake is complete, or that there was data.
func (s *silence) end() { *s = silence{open: true} }

// clearBytes counts what a client sends in the clear: everything up to its first record of application
// data. In TLS 1.3 that record has the end of the handshake (RFC 8446 section 5.2), and the request may
// arrive with it.
type clearBytes struct {
	n         int32
	header    [recordHeader]byte // of the record that has begun
	have      int                // bytes of header that have arrived
	left      int                // bytes that the record lacks after its header
	encrypted bool
}

// add counts the next bytes of the client.
func (c *clearBytes) add(p []byte) {
	const applicationData = 23 // RFC 8446 section 5.1
	for len(p) > 0 && !c.encrypted {
		n := min(c.left, len(p))
		if c.left == 0 {
			n = copy(c.header[c.have:], p)
			c.have += n
		} else {
			c.left -= n
		}
		if c.encrypted = c.header[0] == applicationData; c.encrypted {
			return
		}
		if c.have == recordHeader {
			c.left, c.have = int(c.header[3])<<8|int(c.header[4]), 0
		}
		c.n += int32(n)
		p = p[n:]
	}
}

// long reports whether a handshake is long.
func (c *clearBytes) long() bool { return c.n > longHandshake }

// beforeTLS takes off what precedes TLS in the first bytes of a connection. more means that more
// bytes have to arrive first.
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
	if record, is := errors.AsType[tls.RecordHeaderError](err); is && c.NoTLS != nil && record.Conn != nil {
		io.WriteString(record.Conn, c.NoTLS(record.RecordHeader))
	}
}
