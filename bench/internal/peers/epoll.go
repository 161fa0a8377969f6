package peers

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

const (
	// kernelBuffer is the size of the read buffer in bytes, the same as an echosvc loop's.
	kernelBuffer = 512<<10 + 64
	// kernelAccepts is how many connections are accepted in one turn.
	kernelAccepts = 64
)

// serveEpoll echoes TCP bytes without WebSocket, to measure the cost of the kernel and of calling
// it from Go. It is single-threaded and level-triggered. After a short write it keeps the rest,
// and does not read the connection until the rest is written. kernel/echo.c is the same in C,
// except for recv and send, which are cheaper than read and write but which Go programs do not use.
func serveEpoll(addr string) error {
	listener, err := listenTCP(addr)
	if err != nil {
		return err
	}
	poll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	e := &epollEcho{poll: poll, buffer: make([]byte, kernelBuffer), unsent: map[int][]byte{}}
	if err := e.watch(unix.EPOLL_CTL_ADD, listener, unix.EPOLLIN); err != nil {
		return err
	}
	events := make([]unix.EpollEvent, 256)
	for {
		n, err := unix.EpollWait(poll, events, -1)
		if err != nil && err != unix.EINTR {
			return err
		}
		for _, event := range events[:max(n, 0)] {
			switch fd := int(event.Fd); {
			case fd == listener:
				e.accept(listener)
			case event.Events&unix.EPOLLOUT != 0:
				e.flush(fd)
			default:
				e.receive(fd)
			}
		}
	}
}

func listenTCP(addr string) (fd int, err error) {
	ap, err := netip.ParseAddrPort(addr)
	if err != nil {
		return 0, err
	}
	if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); err != nil {
		return 0, err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return 0, err
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().As4()}); err != nil {
		return 0, err
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil { // inherited by accepted connections
		return 0, err
	}
	return fd, unix.Listen(fd, unix.SOMAXCONN)
}

type epollEcho struct {
	poll   int
	buffer []byte
	unsent map[int][]byte // by descriptor, the rest of short writes
}

func (e *epollEcho) watch(op, fd int, events uint32) error {
	return unix.EpollCtl(e.poll, op, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
}

// accept accepts a batch of connections. The listener stays ready if there are more.
func (e *epollEcho) accept(listener int) {
	for range kernelAccepts {
		fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err != nil {
			return
		}
		if e.watch(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN) != nil {
			unix.Close(fd)
		}
	}
}

func (e *epollEcho) receive(fd int) {
	n, err := unix.Read(fd, e.buffer)
	switch {
	case n > 0:
		e.answer(fd, e.buffer[:n])
	case err != unix.EAGAIN && err != unix.EINTR:
		e.close(fd)
	}
}

func (e *epollEcho) answer(fd int, p []byte) {
	n, err := unix.Write(fd, p)
	if err != nil && err != unix.EAGAIN {
		e.close(fd)
		return
	}
	if rest := p[max(n, 0):]; len(rest) > 0 {
		e.unsent[fd] = append([]byte(nil), rest...)
		e.watch(unix.EPOLL_CTL_MOD, fd, unix.EPOLLOUT)
	}
}

func (e *epollEcho) flush(fd int) {
	n, err := unix.Write(fd, e.unsent[fd])
	switch {
	case err == unix.EAGAIN:
	case err != nil:
		e.close(fd)
	case n < len(e.unsent[fd]):
		e.unsent[fd] = e.unsent[fd][n:]
	default:
		delete(e.unsent, fd)
		e.watch(unix.EPOLL_CTL_MOD, fd, unix.EPOLLIN)
	}
}

func (e *epollEcho) close(fd int) {
	delete(e.unsent, fd)
	unix.Close(fd)
}
