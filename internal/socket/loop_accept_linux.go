package socket

import (
	"encoding/binary"
	"net"
	"net/netip"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// acceptBatch is the most connections that are accepted in one turn, so that a crowd of new ones
	// does not hold up the others.
	acceptBatch = 16
	// acceptEvery is how much of a turn's time lets the next turn accept one more connection. So
	// at least 15,000 are accepted in a second, as long as turns take up to 1 ms.
	acceptEvery = 64 * time.Microsecond
)

// acceptor is the part of the first loop that accepts connections, for all loops.
type acceptor struct {
	fd      int  // of the listener, or -1
	ready   bool // it was readable in this turn
	next    int  // index of the loop that gets the next connection
	backoff acceptBackoff
	resume  Instant // when a pause ends; never without a pause
}

func (a *acceptor) close() {
	if a.fd >= 0 {
		unix.Close(a.fd)
		a.fd = -1
	}
}

// listen watches the listener through a duplicate of its descriptor. Accepted connections
// inherit its options: no delay and keep-alive probes, as package net sets them.
//
// It closes a listener of TCP. Otherwise Go's poller would watch it too, and each connection
// would wake the thread that waits there. Closing a Unix listener would remove its file.
func (l *loop) listen(ln net.Listener) error {
	raw, err := ln.(syscall.Conn).SyscallConn()
	if err != nil {
		return err
	}
	var dupErr error
	if err := raw.Control(func(fd uintptr) {
		l.acceptor.fd, dupErr = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
	}); err != nil {
		return err
	}
	if dupErr != nil {
		return dupErr
	}
	_, tcp := ln.(*net.TCPListener)
	if tcp {
		for _, option := range [][3]int{
			{unix.IPPROTO_TCP, unix.TCP_NODELAY, 1},
			{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
			{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 15},
			{unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 15},
		} {
			if err := unix.SetsockoptInt(l.acceptor.fd, option[0], option[1], option[2]); err != nil {
				return err
			}
		}
	}
	if err := l.epollCtl(unix.EPOLL_CTL_ADD, l.acceptor.fd, unix.EPOLLIN, 0); err != nil {
		return err
	}
	if tcp {
		ln.Close()
	}
	return nil
}

// accept accepts connections that are ready, and deals them out to the loops. It accepts one, and
// more only after a long turn: a call of accept4(2) that finds none costs more than another turn,
// in which epoll reports the listener again if more are ready.
func (l *loop) accept() {
	for i := range min(1+int(l.lastTurn/acceptEvery), acceptBatch) {
		// Only the first is known to wait, and no handshake is dropped for one that may not come.
		if l.full() && (i > 0 || !l.makeRoom()) {
			return
		}
		var addr unix.RawSockaddrInet6
		fd, err := acceptNow(l.acceptor.fd, &addr)
		switch err {
		case nil:
		case unix.EAGAIN:
			return
		case unix.EINTR, unix.ECONNABORTED:
			continue
		default:
			l.pauseAccepting(l.acceptor.backoff.failure(err))
			return
		}
		l.acceptor.backoff.success()
		l.driver.sockets.Add(1)
		to := l.driver.loops[l.acceptor.next]
		l.acceptor.next = (l.acceptor.next + 1) % len(l.driver.loops)
		remote := addrString(&addr)
		if to == l {
			l.add(fd, remote)
		} else if !to.post(func() { to.add(fd, remote) }) {
			l.driver.sockets.Add(-1)
			closeNow(fd)
		}
	}
}

// full reports whether nothing can be accepted before a connection ends: Config.MaxSockets is
// reached, or there are twice as many handshakes as Config.MaxHandshakes.
func (l *loop) full() bool {
	d := l.driver
	reached := func(n, most int64) bool { return most > 0 && n >= most }
	return reached(d.sockets.Load(), int64(d.config.MaxSockets)) || reached(d.unfinished.Load(), 2*int64(d.config.MaxHandshakes))
}

// makeRoom drops a handshake for a connection that waits, and reports whether the latter may be
// accepted now. Dropping a handshake of another loop takes a moment.
func (l *loop) makeRoom() bool {
	if l.dropHandshake() {
		return true
	}
	if l.driver.unfinished.Load() == 0 {
		l.pauseAccepting(l.acceptor.backoff.failure(errMaxSockets))
		return false
	}
	for _, other := range l.driver.loops {
		if other != l {
			other.post(func() { other.dropHandshake() })
		}
	}
	l.pauseAccepting(time.Millisecond)
	return false
}

// pauseAccepting accepts nothing for d.
func (l *loop) pauseAccepting(d time.Duration) {
	l.acceptor.resume = l.now.Add(d)
	l.epollCtl(unix.EPOLL_CTL_MOD, l.acceptor.fd, 0, 0)
}

// resumeAccepting accepts again after a pause.
func (l *loop) resumeAccepting() {
	l.acceptor.resume = 0
	l.epollCtl(unix.EPOLL_CTL_MOD, l.acceptor.fd, unix.EPOLLIN, 0)
}

// addrString returns an address as remoteAddr does.
func addrString(addr *unix.RawSockaddrInet6) string {
	ip := netip.AddrFrom16(addr.Addr).Unmap()
	switch addr.Family {
	case unix.AF_INET:
		ip = netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(addr)).Addr)
	case unix.AF_INET6:
		if addr.Scope_id != 0 {
			if zone, err := net.InterfaceByIndex(int(addr.Scope_id)); err == nil {
				ip = ip.WithZone(zone.Name)
			}
		}
	case unix.AF_UNIX:
		return unixAddr
	default:
		return "unknown"
	}
	port := (*[2]byte)(unsafe.Pointer(&addr.Port))
	return netip.AddrPortFrom(ip, binary.BigEndian.Uint16(port[:])).String()
}
