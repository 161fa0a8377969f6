package socket

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Unlike those of package unix, the calls in this file do not tell Go's scheduler that the thread
// is in the kernel. So a loop keeps its processor. Otherwise the scheduler's monitor would take
// the processor away and wake other threads for it, which cost a sixth of the time of a small
// message. The calls do not wait, since sockets are non-blocking. The exception is pollFor, which
// must not wait for long: see waiter.
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

// acceptNow is accept4(2) on a non-blocking listener. The connection is non-blocking too. addr is
// set to the peer's address, of any family; what does not fit is cut off.
func acceptNow(listener int, addr *unix.RawSockaddrInet6) (fd int, err error) {
	size := uint32(unsafe.Sizeof(*addr))
	return result(unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(listener), uintptr(unsafe.Pointer(addr)), uintptr(unsafe.Pointer(&size)), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0))
}

// unreadBytes returns how many bytes a socket has for receiveNow.
func unreadBytes(fd int) int32 {
	var n int32
	unix.RawSyscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCINQ, uintptr(unsafe.Pointer(&n))) // cannot fail on a connection
	return n
}

// shutDownNow ends the sending side of a socket.
func shutDownNow(fd int) {
	unix.RawSyscall(unix.SYS_SHUTDOWN, uintptr(fd), unix.SHUT_WR, 0)
}

// closeNow closes a socket. Without SO_LINGER, or with a time of 0, it does not wait for the
// peer.
func closeNow(fd int) {
	unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
}

// signalNow makes an eventfd readable.
func signalNow(fd int) {
	one := [8]byte{1} // in either byte order, a number other than 0
	unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&one)), unsafe.Sizeof(one))
}

// resetNow makes an eventfd unreadable.
func resetNow(fd int) {
	var count [8]byte
	unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&count)), unsafe.Sizeof(count))
}

// threadTime returns the CPU time of the thread that calls it.
func threadTime() time.Duration {
	var t unix.Timespec
	unix.RawSyscall(unix.SYS_CLOCK_GETTIME, unix.CLOCK_THREAD_CPUTIME_ID, uintptr(unsafe.Pointer(&t)), 0) // cannot fail
	return time.Duration(t.Nano())
}

// pollFor is epoll_wait(2). The time-out is rounded up to milliseconds. events must not be
// empty. With an error, n is 0.
func pollFor(epoll int, events []unix.EpollEvent, timeout time.Duration) (n int, err error) {
	milliseconds := (timeout + time.Millisecond - 1) / time.Millisecond
	return result(unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epoll), uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), uintptr(milliseconds), 0, 0))
}

func result(r, _ uintptr, errno unix.Errno) (n int, err error) {
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}
