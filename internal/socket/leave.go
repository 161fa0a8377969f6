package socket

import (
	"net"
	"syscall"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
)

// Leave must be called before a connection is closed. What its peer has not acknowledged stays
// with the system, which sends it as long as the peer takes some of it at least every
// timeout; 0 leaves that to the system. The time before Leave counts. What does not fit into
// the peer's window stays on the account for that time. If memory is short, Leave resets the connection instead, which frees it.
func Leave(nc net.Conn, account *budget.Account, timeout time.Duration) {
	stays := true
	control(nc, func(fd int) { stays = leave(fd, account, timeout) })
	if !stays {
		reset(nc)
	}
}

// leave is Leave for a descriptor. It reports false if the connection is to be reset.
func leave(fd int, account *budget.Account, timeout time.Duration) bool {
	unread := int64(unacknowledged(fd))
	if unread == 0 {
		return true
	}
	if account.Pressure() >= budget.Refuse {
		return false
	}
	held := stalledInKernel(int64(socketBytes(fd, false)))
	if timeout == 0 || held == 0 {
		return true
	}
	limitDelivery(fd, timeout)
	// What fits into the peer's window is gone soon, whether the peer reads or not. The system
	// does not report when the rest is, so this is the time of a peer that takes nothing.
	if beyond := unread - int64(sendWindow(fd)); beyond > 0 && account.Limit() > 0 {
		bytes := held * beyond / unread
		account.Add(budget.Kernel, bytes)
		time.AfterFunc(timeout, func() { account.Add(budget.Kernel, -bytes) })
	}
	return true
}

// reset closes what a connection runs over with a reset.
func reset(nc net.Conn) {
	tcp := overTCP(nc)
	if linger, ok := tcp.(*net.TCPConn); ok {
		linger.SetLinger(0)
	}
	tcp.Close()
}

// control calls f with the descriptor of a connection, unless it is closed.
func control(nc net.Conn, f func(fd int)) {
	if conn, ok := overTCP(nc).(syscall.Conn); ok {
		if raw, err := conn.SyscallConn(); err == nil {
			raw.Control(func(fd uintptr) { f(int(fd)) })
		}
	}
}

// overTCP returns what a TLS connection runs over, or the connection itself.
func overTCP(nc net.Conn) net.Conn {
	for {
		over, ok := nc.(interface{ NetConn() net.Conn })
		if !ok {
			return nc
		}
		nc = over.NetConn()
	}
}
