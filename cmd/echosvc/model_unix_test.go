//go:build unix

package main

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// smallWindow makes the window of a TCP connection, and its segments, so small that the
// server's answers soon find no room. It is for net.Dialer.Control: the window is settled
// when the connection is made.
func smallWindow(_, _ string, c syscall.RawConn) error {
	var err error
	control := c.Control(func(fd uintptr) {
		if err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 8<<10); err == nil {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, 1024)
		}
	})
	if control != nil {
		return control
	}
	return err
}
