//go:build unix

package wstest

import (
	"testing"

	"golang.org/x/sys/unix"
)

// NeedFiles skips a test that needs n file descriptors in one process where the hard
// limit is lower. The Go runtime raises the soft limit to the hard one.
func NeedFiles(t testing.TB, n int) {
	t.Helper()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if hard := uint64(limit.Max); hard < uint64(n) { // Max is signed on some systems
		t.Skipf("needs %d file descriptors; the hard limit is %d (ulimit -Hn)", n, hard)
	}
}
