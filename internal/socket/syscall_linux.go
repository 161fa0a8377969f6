package socket

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls in this file do not tell Go's scheduler that the thread is in the kernel, as
// those of package unix do. None of them waits: descriptors are non-blocking, and epoll is
// only asked what is ready. So a busy loop keeps its processor, and the scheduler's monitor
// has no reason to take it away and to wake other threads for it, which cost a sixth of the
// time of a small message.

// readNow is read(2) from a non-blocking descriptor; p must not be empty. n is 0 with an
// error.
func readNow(fd int, p []byte) (n int, err error) {
	return result(unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p))))
}

// writeNow is write(2) to a non-blocking descriptor; p must not be empty. n is 0 with an
// error.
func writeNow(fd int, p []byte) (n int, err error) {
	return result(unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p))))
}

// pollNow is epoll_wait(2) without waiting; events must not be empty. n is 0 with an error.
func pollNow(epoll int, events []unix.EpollEvent) (n int, err error) {
	return result(unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epoll), uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), 0, 0, 0))
}

func result(r, _ uintptr, errno unix.Errno) (n int, err error) {
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}
