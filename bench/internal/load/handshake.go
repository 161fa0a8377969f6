package load

import (
	"bytes"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/echosvc/echosvc/internal/wstest"
)

// A handshakeConn connects, upgrades, closes, and starts over.
type handshakeConn struct {
	conn     *conn
	closing  bool // the close frame has been sent
	response []byte
	began    time.Duration
}

// A handshakeLoop runs many handshakeConns on one thread.
type handshakeLoop struct {
	target   Target
	poll     int
	conns    []handshakeConn
	buffer   []byte
	measured *measurement
}

// What a handshakeConn sends. The status code of the close frame is 1000 (RFC 6455 section 7.4.1).
var (
	upgradeRequest = []byte(wstest.Request())
	closeFrame     = wstest.Frame(0x80|opClose, "\x03\xe8")
	closeAnswer    = []byte{0x80 | opClose, 2, 0x03, 0xe8}
)

// handshakes measures handshakes, as many at a time as the load has connections. The time is from
// connect to the response. A bare target echoes the request and the close frame.
func (l *Load) handshakes(t Target, w Window) (Result, error) {
	if l.TLS {
		return l.tlsHandshakes(t, w)
	}
	poll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return Result{}, err
	}
	defer unix.Close(poll)
	h := &handshakeLoop{
		target: t, poll: poll, conns: make([]handshakeConn, l.Connections),
		buffer: make([]byte, maxHead), measured: newMeasurement(t, w, l.Connections),
	}
	defer func() {
		for _, c := range h.conns {
			if c.conn != nil {
				c.conn.reset()
			}
		}
	}()
	for i := range h.conns {
		if err := h.open(i); err != nil {
			return Result{}, err
		}
	}
	events := make([]unix.EpollEvent, 256)
	for {
		n, err := wait(poll, events)
		if err != nil {
			return Result{}, err
		}
		for _, event := range events[:n] {
			if event.Events&^unix.EPOLLOUT == 0 {
				continue
			}
			if err := h.receive(int(event.Fd)); err != nil {
				return Result{}, err
			}
		}
		if r, over, err := h.measured.done(); over || err != nil {
			return r, err
		}
	}
}

// open connects and sends the upgrade request.
func (h *handshakeLoop) open(i int) error {
	began := h.measured.now()
	c, err := connect(h.target)
	if err != nil {
		return err
	}
	h.conns[i] = handshakeConn{conn: c, began: began, response: h.conns[i].response[:0]}
	if err := c.unblock(); err != nil {
		return err
	}
	if _, err := c.write(upgradeRequest); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return watch(h.poll, c.fd, i)
}

// receive reads the response to the upgrade, and sends a close frame, or reads the answer to it.
func (h *handshakeLoop) receive(i int) error {
	c := &h.conns[i]
	n, _, err := c.conn.read(h.buffer)
	if err == unix.EAGAIN {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read: %w after %q", err, c.response)
	}
	c.response = append(c.response, h.buffer[:n]...)
	if c.closing {
		return h.closed(i)
	}
	if !bytes.HasSuffix(c.response, []byte("\r\n\r\n")) {
		return nil
	}
	if err := checkHandshake(h.target, c.response); err != nil {
		return err
	}
	h.measured.count(h.measured.now() - c.began)
	c.closing, c.response = true, c.response[:0]
	if _, err := c.conn.write(closeFrame); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// checkHandshake checks the response to the upgrade. A full parse would cost too much here.
func checkHandshake(t Target, response []byte) error {
	if t.Bare && bytes.Equal(response, upgradeRequest) {
		return nil
	}
	if !t.Bare && bytes.HasPrefix(response, []byte("HTTP/1.1 101 ")) && bytes.Contains(response, []byte(acceptKey)) {
		return nil
	}
	return fmt.Errorf("%w: the response to the upgrade is %q", ErrReply, response)
}

// checkClose checks the answer to the close frame. whole reports whether all of it has arrived.
func checkClose(t Target, response []byte) (whole bool, err error) {
	want := closeAnswer
	if t.Bare {
		want = closeFrame
	}
	if len(response) < len(want) && bytes.HasPrefix(want, response) {
		return false, nil
	}
	if !bytes.HasPrefix(response, want) {
		return false, fmt.Errorf("%w: the answer to the close frame is %x", ErrReply, response)
	}
	return true, nil
}

// closed starts over once the close frame has been answered with code 1000.
func (h *handshakeLoop) closed(i int) error {
	c := &h.conns[i]
	if whole, err := checkClose(h.target, c.response); !whole || err != nil {
		return err
	}
	c.conn.reset()
	c.conn = nil
	return h.open(i)
}

// tlsHandshakes measures handshakes over TLS, one at a time, because the handshake of crypto/tls
// blocks.
func (l *Load) tlsHandshakes(t Target, w Window) (Result, error) {
	m := newMeasurement(t, w, 1)
	for {
		began := m.now()
		if err := tlsHandshake(t, func() { m.count(m.now() - began) }); err != nil {
			return Result{}, err
		}
		if r, over, err := m.done(); over || err != nil {
			return r, err
		}
	}
}

// tlsHandshake connects, upgrades, calls upgraded, and closes.
func tlsHandshake(t Target, upgraded func()) error {
	c, err := connect(t)
	if err != nil {
		return err
	}
	defer c.reset()
	if _, err := c.write(upgradeRequest); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	head, err := c.readHead()
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if err := checkHandshake(t, head); err != nil {
		return err
	}
	upgraded()
	if _, err := c.write(closeFrame); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	var answer []byte
	p := make([]byte, maxHead)
	for whole := false; !whole; {
		n, _, err := c.read(p)
		if err != nil {
			return fmt.Errorf("read: %w after %x", err, answer)
		}
		answer = append(answer, p[:n]...)
		if whole, err = checkClose(t, answer); err != nil {
			return err
		}
	}
	return nil
}
