package socket

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls in this file do not tell Go's scheduler that the thread is in the kernel, as
// those of package unix do. None of them waits: sockets are non-blocking, and epoll is only
// asked what is ready. So a busy loop keeps its processor, and the scheduler's monitor has
// no reason to take it away and to wake other threads for it, which cost a sixth of the time
// of a small message.
//
// recv(2) and send(2) skip what read(2) and write(2) do for files, which is another 2 to
// 7 %. They are system calls of their own on all architectures since Linux 4.3.

// receiveNow is recv(2) from a non-blocking socket. p must not be empty. With an error, n
// is 0.
func receiveNow(fd int, p []byte) (n int, err error) {
	return result(unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0))
}

// sendNow is send(2) to a non-blocking socket, without SIGPIPE. p must not be empty. With
// an error, n is 0.
func sendNow(fd int, p []byte) (n int, err error) {
	return result(unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), unix.MSG_NOSIGNAL, 0, 0))
}

// pollNow is epoll_wait(2) with a time-out of 0. events must not be empty. With an error,
// n is 0.
func pollNow(epoll int, events []unix.EpollEvent) (n int, err error) {
	return result(unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epoll), uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), 0, 0, 0))
}

func result(r, _ uintptr, errno unix.Errno) (n int, err error) {
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}
