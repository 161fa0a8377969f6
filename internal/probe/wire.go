package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// A wire is the connection below a session: TCP or TLS. The library closes it as soon as its
// own side is done, which would hide how the server ends the connection. So a held wire stays
// open until [wire.release].
type wire struct {
	net.Conn
	connect, handshake time.Duration // duration of TCP, name resolution included, and of TLS
	tls                string        // TLS version; "" without TLS
	held               atomic.Bool
	received           atomic.Int64 // bytes
	request, response  recorder     // the heads, as they were sent and as they arrived
}

// dialWire opens a connection, with TLS if config is not nil.
func (t *Target) dialWire(ctx context.Context, network, address string, config *tls.Config) (*wire, error) {
	started := time.Now()
	nc, err := t.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	w := &wire{Conn: nc, connect: time.Since(started)}
	if config == nil {
		return w, nil
	}
	config = config.Clone()
	config.ServerName = t.serverName()
	secure := tls.Client(nc, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		nc.Close()
		return nil, err
	}
	w.Conn, w.tls = secure, tls.VersionName(secure.ConnectionState().Version)
	w.handshake = time.Since(started) - w.connect
	return w, nil
}

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.received.Add(int64(n))
	w.response.record(p[:n])
	return n, err
}

func (w *wire) Write(p []byte) (int, error) {
	w.request.record(p)
	return w.Conn.Write(p)
}

// Close is called by the library. On a held wire it only unblocks the reader.
func (w *wire) Close() error {
	if w.held.Load() {
		return w.Conn.SetReadDeadline(time.Unix(1, 0))
	}
	return w.Conn.Close()
}

// release closes the connection.
func (w *wire) release() {
	w.Conn.Close()
}

// errLeftOpen is returned by awaitEnd after its time-out.
var errLeftOpen = errors.New("TCP was still open when the time-out had passed")

// awaitEnd waits until the server has closed the connection. The error says what happened
// instead.
func (w *wire) awaitEnd(timeout time.Duration) error {
	w.Conn.SetReadDeadline(time.Now().Add(timeout))
	_, err := io.Copy(io.Discard, w.Conn)
	switch {
	case err == nil, errors.Is(err, io.ErrUnexpectedEOF): // the latter: TLS without close_notify
		return nil
	case isTimeout(err):
		return errLeftOpen
	case isReset(err):
		return errors.New("TCP was reset, which can destroy a close frame in flight")
	default:
		return err
	}
}
