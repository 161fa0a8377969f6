//go:build unix

package socket

import (
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// pendingError returns the error that the next read of a connection would return, such as a
// reset by the peer, or nil.
func pendingError(nc net.Conn) error {
	conn, ok := overTCP(nc).(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var code int
	if controlErr := raw.Control(func(fd uintptr) {
		code, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR)
	}); controlErr != nil {
		return controlErr
	}
	if err == nil && code != 0 {
		err = os.NewSyscallError("read", syscall.Errno(code))
	}
	return err
}
