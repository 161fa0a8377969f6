package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// wire is the connection beneath a session: TCP, or TLS. A library closes it as soon as
// its own part is done. What the server does then is to be seen too, so a wire that is
// held stays open until [wire.release].
type wire struct {
	net.Conn
	connect, handshake time.Duration // what TCP, with the name's resolution, and TLS took
	tls                string        // version of TLS; "" is none
	held               atomic.Bool
	received           atomic.Int64 // bytes
}

// dialWire opens a connection, with TLS on it when there is a configuration for that.
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
	return n, err
}

// Close is the library's. Of a wire that is held it only wakes who reads.
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

// awaitEnd waits until the server has ended the connection. The error says how else it went.
func (w *wire) awaitEnd(timeout time.Duration) error {
	w.Conn.SetReadDeadline(time.Now().Add(timeout))
	_, err := io.Copy(io.Discard, w.Conn)
	switch {
	case err == nil, errors.Is(err, io.ErrUnexpectedEOF): // the latter: TLS, ended by TCP alone
		return nil
	case isTimeout(err):
		return fmt.Errorf("TCP was still open %v later", timeout)
	case isReset(err):
		return errors.New("a reset followed, which can destroy a close frame on its way")
	default:
		return err
	}
}
