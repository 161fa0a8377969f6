//go:build unix

package service

import "golang.org/x/sys/unix"

// fileLimit is how many file descriptors the process may have, or 0 when that is
// not known or not limited. The Go runtime has raised the soft limit to the hard one.
func fileLimit() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || uint64(limit.Cur) > 1<<30 {
		return 0
	}
	return int(limit.Cur)
}
