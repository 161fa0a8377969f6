//go:build linux

package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// goodSource is the address of the good clients. Hostile peers have others, so that a
// limit for each address can tell them apart.
var goodSource = net.IPv4(127, 0, 0, 1)

// A target is where a server listens.
type target struct {
	addr   string
	health string
	tls    *tls.Config // nil without TLS
}

// socketOptions are set before the connection is made. Sizes of 0 are the system's.
type socketOptions struct {
	source         net.IP
	sendBuffer     int // in bytes
	receiveBuffer  int // in bytes
	connectTimeout time.Duration
	health         bool // to HEALTH_PORT, which has no TLS
}

// dial opens a TCP connection.
func (t *target) dial(ctx context.Context, o socketOptions) (net.Conn, error) {
	dialer := net.Dialer{
		LocalAddr: &net.TCPAddr{IP: o.source},
		Timeout:   o.connectTimeout,
		KeepAlive: -1,
		Control: func(_, _ string, raw syscall.RawConn) (err error) {
			return errors.Join(raw.Control(func(fd uintptr) {
				// A port is chosen when connecting, so that each source has all of them
				// for each destination.
				err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
				if o.sendBuffer > 0 && err == nil {
					err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, o.sendBuffer)
				}
				if o.receiveBuffer > 0 && err == nil {
					err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, o.receiveBuffer)
				}
			}), err)
		},
	}
	addr := t.addr
	if o.health {
		addr = t.health
	}
	return dialer.DialContext(ctx, "tcp4", addr)
}

// secure does the TLS handshake on a connection if the server speaks TLS.
func (t *target) secure(ctx context.Context, c net.Conn) (net.Conn, error) {
	if t.tls == nil {
		return c, nil
	}
	secured := tls.Client(c, t.tls)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return secured, nil
}

// tcp returns the socket below a connection.
func tcp(c net.Conn) *net.TCPConn {
	if secured, ok := c.(*tls.Conn); ok {
		c = secured.NetConn()
	}
	return c.(*net.TCPConn)
}

// reset ends a connection with RST, without a TLS alert that could block.
func reset(c net.Conn) {
	tcp(c).SetLinger(0)
	tcp(c).Close()
}

// A ws is the client's side of a WebSocket, or of a connection that may become one.
type ws struct {
	net.Conn
	r *bufio.Reader
}

func newWS(c net.Conn) *ws { return &ws{c, bufio.NewReaderSize(c, 1024)} }

// upgradeHead returns the head of an upgrade. The fields end in CRLF.
func upgradeHead(target, key string, fields ...string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + "\r\n" + strings.Join(fields, "") + "\r\n"
}

const (
	// sampleKey is the key of the example in RFC 6455 section 1.3.
	sampleKey = "dGhlIHNhbXBsZSBub25jZQ=="

	offerDeflate = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
)

// A refusal is an answer to an upgrade other than 101.
type refusal struct{ status string }

func (r refusal) Error() string { return "the upgrade was answered with " + r.status }

// upgrade opens the WebSocket (RFC 6455 section 4.1) and checks the server's answer.
func (w *ws) upgrade(path string, fields ...string) error {
	var nonce [16]byte
	rand.Read(nonce[:])
	key := base64.StdEncoding.EncodeToString(nonce[:])
	if _, err := io.WriteString(w, upgradeHead(path, key, fields...)); err != nil {
		return err
	}
	status, header, err := w.readHead()
	if err != nil {
		return err
	}
	if !strings.HasPrefix(status, "HTTP/1.1 101 ") {
		return refusal{status}
	}
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	if accept := header.Get("Sec-WebSocket-Accept"); accept != base64.StdEncoding.EncodeToString(sum[:]) {
		return fmt.Errorf("the server accepted another key: %q", accept)
	}
	if slices.Contains(fields, offerDeflate) && !strings.HasPrefix(header.Get("Sec-WebSocket-Extensions"), "permessage-deflate") {
		return errors.New("the server did not agree on permessage-deflate")
	}
	return nil
}

// readHead reads the head of a response.
func (w *ws) readHead() (status string, header textproto.MIMEHeader, err error) {
	r := textproto.NewReader(w.r)
	if status, err = r.ReadLine(); err != nil {
		return "", nil, err
	}
	header, err = r.ReadMIMEHeader()
	return status, header, err
}

// next returns the next frame that is not a ping. It answers pings.
func (w *ws) next() (serverFrame, error) {
	for {
		f, err := readFrame(w.r)
		if err != nil || f.first != fin|opPing {
			return f, err
		}
		if _, err := w.Write(frame(fin|opPong, f.payload)); err != nil {
			return f, err
		}
	}
}

// open opens a connection, with TLS if the server speaks it.
func (t *target) open(ctx context.Context, o socketOptions) (*ws, error) {
	c, err := t.dial(ctx, o)
	if err != nil {
		return nil, err
	}
	secured, err := t.secure(ctx, c)
	if err != nil {
		reset(c)
		return nil, err
	}
	return newWS(secured), nil
}
