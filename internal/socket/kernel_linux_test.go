package socket

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestUnixSocketsAreMeasured: what the peer has not read counts.
func TestUnixSocketsAreMeasured(t *testing.T) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	if got := socketBytes(pair[0], false); got > smallBuffer {
		t.Errorf("a new socket holds %d bytes", got)
	}
	sent := 0
	for err = nil; err == nil; {
		var n int
		n, err = unix.Write(pair[0], make([]byte, smallBuffer))
		sent += max(0, n)
	}
	if got := socketBytes(pair[0], false); got < int32(sent) || sent < 2*smallBuffer {
		t.Errorf("of %d bytes that the peer has not read, %d are held", sent, got)
	}
}
