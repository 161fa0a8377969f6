package socket

import (
	"net"
	"syscall"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
)

// Leave must be called before nc, which may run over TLS, is closed. After the close, the system
// goes on sending what the peer has not acknowledged. Leave makes it give up once the peer has
// taken nothing for timeout, including the time before Leave; with 0, the system chooses the time.
//
// What does not fit into the peer's window stays on the account for timeout. If memory is short,
// Leave resets the connection instead, which frees that memory.
func Leave(nc net.Conn, account *budget.Account, timeout time.Duration) {
	stays := true
	control(nc, func(fd int) { stays = leave(fd, account, timeout) })
	if !stays {
		CloseWithReset(nc)
	}
}

// leave is Leave for a descriptor. It reports whether the connection may be closed without a reset.
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
	// does not report when the rest is gone, so assume a peer that takes nothing.
	if beyond := unread - int64(sendWindow(fd)); beyond > 0 && account.Limit() > 0 {
		bytes := held * beyond / unread
		account.AddLeft(bytes)
		time.AfterFunc(timeout, func() { account.RemoveLeft(bytes) })
	}
	return true
}

// CloseWithReset closes the TCP connection below nc with a reset, which frees what the system
// has for it.
func CloseWithReset(nc net.Conn) {
	tcp := overTCP(nc)
	if linger, ok := tcp.(*net.TCPConn); ok {
		linger.SetLinger(0)
	}
	tcp.Close()
}

// control calls f with the file descriptor of a connection, if it has one. It returns an error if
// the connection is closed.
func control(nc net.Conn, f func(fd int)) error {
	conn, ok := overTCP(nc).(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Control(func(fd uintptr) { f(int(fd)) })
}

// overTCP returns the connection below TLS, or nc itself without TLS.
func overTCP(nc net.Conn) net.Conn {
	for {
		over, ok := nc.(interface{ NetConn() net.Conn })
		if !ok {
			return nc
		}
		nc = over.NetConn()
	}
}
