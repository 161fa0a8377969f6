//go:build unix

package service

import (
	"os"

	"golang.org/x/sys/unix"
)

// listens reports whether a socket listens, or whether the system cannot tell.
func listens(socket *os.File) bool {
	listens := true
	if raw, err := socket.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) {
			value, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
			listens = err != nil || value != 0
		})
	}
	return listens
}
