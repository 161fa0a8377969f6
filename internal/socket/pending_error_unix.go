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
	var code int
	err := control(nc, func(fd int) { code, _ = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR) }) // cannot fail on a socket
	if err == nil && code != 0 {
		err = os.NewSyscallError("read", syscall.Errno(code))
	}
	return err
}
