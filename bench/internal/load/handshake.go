package load

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"golang.org/x/sys/unix"

	"github.com/echosvc/echosvc/internal/wstest"
)

// A handshakeConn connects, upgrades, closes, and starts over.
type handshakeConn struct {
	fd       int
	closing  bool // the close frame has been sent
	response []byte
	began    time.Duration
}

// A handshakeLoop runs many handshakeConns on one thread.
type handshakeLoop struct {
	target              Target
	poll                int
	conns               []handshakeConn
	request, closeFrame []byte
	buffer              []byte
	measured            *measurement
}

// handshakes measures handshakes, as many at a time as the load has connections. The time is from
// connect to the response. A bare target echoes the request and the close frame.
func (l *Load) handshakes(t Target, w Window) (Result, error) {
	poll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return Result{}, err
	}
	defer unix.Close(poll)
	h := &handshakeLoop{
		target: t, poll: poll, conns: make([]handshakeConn, l.Connections),
		request:    []byte(wstest.Request()),
		closeFrame: wstest.Frame(0x80|opClose, "\x03\xe8"), // 1000 (RFC 6455 section 7.4.1)
		buffer:     make([]byte, maxHead), measured: newMeasurement(t, w, l.Connections),
	}
	for i := range h.conns {
		h.conns[i].fd = -1
	}
	defer func() {
		for _, c := range h.conns {
			if c.fd >= 0 {
				reset(c.fd)
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
	fd, err := connect(h.target)
	if err != nil {
		return err
	}
	h.conns[i] = handshakeConn{fd: fd, began: began, response: h.conns[i].response[:0]}
	if err := unix.SetNonblock(fd, true); err != nil {
		return err
	}
	if _, err := unix.Write(fd, h.request); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return watch(h.poll, fd, i)
}

// receive reads the response to the upgrade, and sends a close frame, or reads the answer to it.
func (h *handshakeLoop) receive(i int) error {
	c := &h.conns[i]
	n, err := unix.Read(c.fd, h.buffer)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return nil
	case err != nil:
		return fmt.Errorf("read: %w after %q", err, c.response)
	case n == 0:
		return fmt.Errorf("read: %w after %q", io.ErrUnexpectedEOF, c.response)
	}
	c.response = append(c.response, h.buffer[:n]...)
	if c.closing {
		return h.closed(i)
	}
	if !bytes.HasSuffix(c.response, []byte("\r\n\r\n")) {
		return nil
	}
	if err := h.check(c.response); err != nil {
		return err
	}
	h.measured.count(h.measured.now() - c.began)
	c.closing, c.response = true, c.response[:0]
	if _, err := unix.Write(c.fd, h.closeFrame); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// check checks the response to the upgrade. A full parse would cost too much here.
func (h *handshakeLoop) check(response []byte) error {
	if h.target.Bare && bytes.Equal(response, h.request) {
		return nil
	}
	if !h.target.Bare && bytes.HasPrefix(response, []byte("HTTP/1.1 101 ")) && bytes.Contains(response, []byte(acceptKey)) {
		return nil
	}
	return fmt.Errorf("%w: the response to the upgrade is %q", ErrReply, response)
}

// closed starts over once the close frame has been answered with code 1000.
func (h *handshakeLoop) closed(i int) error {
	c := &h.conns[i]
	want := []byte{0x80 | opClose, 2, 0x03, 0xe8}
	if h.target.Bare {
		want = h.closeFrame
	}
	if len(c.response) < len(want) && bytes.HasPrefix(want, c.response) {
		return nil
	}
	if !bytes.HasPrefix(c.response, want) {
		return fmt.Errorf("%w: the answer to the close frame is %x", ErrReply, c.response)
	}
	reset(c.fd)
	c.fd = -1
	return h.open(i)
}
