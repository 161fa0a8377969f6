//go:build unix

package service

import "golang.org/x/sys/unix"

// fileLimit returns how many file descriptors the process may have open, or 0 if that is
// unknown or unlimited. The Go runtime has raised the soft limit to the hard one.
func fileLimit() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || uint64(limit.Cur) > 1<<30 {
		return 0
	}
	return int(limit.Cur)
}
