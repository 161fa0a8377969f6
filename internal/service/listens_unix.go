//go:build unix

package service

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// firstPassed is the first descriptor that systemd passes (sd_listen_fds(3)).
const firstPassed = 3

// checkPassed checks the descriptors that systemd is said to have passed, before anything takes and
// closes them: after a wrong LISTEN_FDS, they may be those of Go's runtime. pid and count are
// LISTEN_PID and LISTEN_FDS.
func checkPassed(pid, count string) error {
	if pid != strconv.Itoa(os.Getpid()) { // not for this process
		return nil
	}
	n, err := strconv.ParseUint(count, 10, 16)
	if err != nil && count != "" {
		return fmt.Errorf("LISTEN_FDS=%q must be the number of sockets that systemd passes", count)
	}
	for fd := firstPassed; fd < firstPassed+int(n); fd++ {
		if _, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE); err != nil {
			return fmt.Errorf("LISTEN_FDS=%s: descriptor %d is not a stream socket that listens: %w", count, fd, err)
		}
	}
	return nil
}

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
