package load

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"golang.org/x/sys/unix"

	"github.com/echosvc/echosvc/internal/wstest"
)

// A visitor connects, upgrades, closes, and comes again.
type visitor struct {
	fd      int
	closing bool // the close frame has been sent
	answer  []byte
	came    time.Duration
}

type visits struct {
	target         Target
	poll           int
	visitors       []visitor
	request, leave []byte
	buffer         []byte
	meter          *meter
}

// handshakes has as many visitors at a time as the load has connections. What is timed is
// from connect to the response. A bare target answers the request, and the close frame, with
// the same bytes.
func (l *Load) handshakes(t Target, w Window) (Result, error) {
	poll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return Result{}, err
	}
	defer unix.Close(poll)
	v := &visits{
		target: t, poll: poll, visitors: make([]visitor, l.Connections),
		request: []byte(wstest.Request()),
		leave:   wstest.Frame(0x80|opClose, "\x03\xe8"), // 1000, RFC 6455 section 7.4.1
		buffer:  make([]byte, maxHead), meter: newMeter(t, w, l.Connections),
	}
	for i := range v.visitors {
		v.visitors[i].fd = -1
	}
	defer func() {
		for _, visitor := range v.visitors {
			if visitor.fd >= 0 {
				hangUp(visitor.fd)
			}
		}
	}()
	for i := range v.visitors {
		if err := v.come(i); err != nil {
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
			if err := v.receive(int(event.Fd)); err != nil {
				return Result{}, err
			}
		}
		if r, over, err := v.meter.done(); over || err != nil {
			return r, err
		}
	}
}

// come connects and asks for the upgrade.
func (v *visits) come(i int) error {
	came := v.meter.now()
	fd, err := connect(v.target)
	if err != nil {
		return err
	}
	v.visitors[i] = visitor{fd: fd, came: came, answer: v.visitors[i].answer[:0]}
	if err := unix.SetNonblock(fd, true); err != nil {
		return err
	}
	if _, err := unix.Write(fd, v.request); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return watch(v.poll, fd, i)
}

// receive takes what a server has sent to a visitor, who then leaves, or has left.
func (v *visits) receive(i int) error {
	c := &v.visitors[i]
	n, err := unix.Read(c.fd, v.buffer)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return nil
	case err != nil:
		return fmt.Errorf("read: %w after %q", err, c.answer)
	case n == 0:
		return fmt.Errorf("read: %w after %q", io.ErrUnexpectedEOF, c.answer)
	}
	c.answer = append(c.answer, v.buffer[:n]...)
	if c.closing {
		return v.leftWith(i)
	}
	if !bytes.HasSuffix(c.answer, []byte("\r\n\r\n")) {
		return nil
	}
	if err := v.check(c.answer); err != nil {
		return err
	}
	v.meter.count(v.meter.now() - c.came)
	c.closing, c.answer = true, c.answer[:0]
	if _, err := unix.Write(c.fd, v.leave); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// check checks the answer to an upgrade, without taking all of it apart.
func (v *visits) check(answer []byte) error {
	if v.target.Bare && bytes.Equal(answer, v.request) {
		return nil
	}
	if !v.target.Bare && bytes.HasPrefix(answer, []byte("HTTP/1.1 101 ")) && bytes.Contains(answer, []byte(acceptKey)) {
		return nil
	}
	return fmt.Errorf("%w: the upgrade was answered with %q", ErrReply, answer)
}

// leftWith has the visitor come again once the close frame was answered with code 1000.
func (v *visits) leftWith(i int) error {
	c := &v.visitors[i]
	want := []byte{0x80 | opClose, 2, 0x03, 0xe8}
	if v.target.Bare {
		want = v.leave
	}
	if len(c.answer) < len(want) && bytes.HasPrefix(want, c.answer) {
		return nil
	}
	if !bytes.HasPrefix(c.answer, want) {
		return fmt.Errorf("%w: the close frame was answered with %x", ErrReply, c.answer)
	}
	hangUp(c.fd)
	c.fd = -1
	return v.come(i)
}
