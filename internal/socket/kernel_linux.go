package socket

import (
	"net"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// firstReceive is the receive buffer that a socket begins with. The kernel grows it
	// for peers that send, as long as they are read.
	firstReceive = 64 << 10

	// QueueCost is how many bytes a connection that waits to be accepted can hold.
	QueueCost = firstReceive
)

// Prepare sets the options of a listener that its connections inherit. It must be called
// before the first one arrives. queue is how many connections may wait to be accepted, each
// of them with a full receive buffer; 0 leaves it to the system.
func Prepare(ln *net.TCPListener, queue int) error {
	raw, err := ln.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	if err := raw.Control(func(fd uintptr) {
		if set = setUnsent(int(fd), unsent); set != nil {
			return
		}
		if queue > 0 {
			if set = os.NewSyscallError("listen", unix.Listen(int(fd), queue)); set != nil {
				return
			}
		}
		// A buffer that is set stays as it is, unless the lock is taken off again (Linux
		// 5.14). Where that fails, the kernel's own first size stays.
		size, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF)
		if err != nil || size <= firstReceive || unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_BUF_LOCK, 0) != nil {
			return
		}
		unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, firstReceive/2) // which the kernel doubles
		set = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_BUF_LOCK, 0)
	}); err != nil {
		return err
	}
	return set
}

// setUnsent sets how many bytes a socket takes beyond the peer's window.
func setUnsent(fd, n int) error {
	return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, n)
}

// socketBytes returns how many bytes the kernel holds in the buffers of a socket, or 0 if it
// does not report that. With full, the receive buffer counts as if it were full.
func socketBytes(fd int, full bool) int32 {
	var info [9]uint32 // SK_MEMINFO_VARS
	size := uint32(unsafe.Sizeof(info))
	if _, _, errno := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_MEMINFO, uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0); errno != 0 {
		return 0
	}
	const received, receiveBuffer, sent, reserved, queued = 0, 1, 2, 4, 5 // SK_MEMINFO_RMEM_ALLOC, _RCVBUF, _WMEM_ALLOC, _FWD_ALLOC, _WMEM_QUEUED
	if full {
		info[received] = max(info[received], info[receiveBuffer])
	}
	// A Unix socket queues nothing. What it has sent is in the peer's buffer, and is its own until
	// the peer has read it.
	return int32(info[received] + info[reserved] + max(info[queued], info[sent]))
}

// freeze keeps a socket from holding much.
func freeze(fd int) {
	setUnsent(fd, frozenUnsent)
	limitReceive(fd, frozenReceive)
}

// thaw ends freeze.
func thaw(fd int) {
	setUnsent(fd, unsent)
	unlimitReceive(fd)
}

// limitReceive bounds what a socket receives while it is not read. What arrives beyond that
// is dropped, and sent again by the peer. It does nothing before Linux 5.14, where the bound
// could not be taken off again.
func limitReceive(fd, size int) {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BUF_LOCK, 0) == nil {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, size/2) // which the kernel doubles, and locks
	}
}

// unlimitReceive lets the kernel grow the receive buffer again.
func unlimitReceive(fd int) {
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BUF_LOCK, 0)
}

// unacknowledged returns how many bytes the peer's TCP has not acknowledged, sent or not. It is
// called at the end of each connection, so Go's scheduler is not told of it: see
// syscall_linux.go.
func unacknowledged(fd int) int32 {
	var n int32
	unix.RawSyscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCOUTQ, uintptr(unsafe.Pointer(&n))) // cannot fail on a connection
	return n
}

// limitDelivery has the system give up a closed connection, and free what it holds, once the
// peer's TCP has acknowledged nothing for d. Without it, that takes minutes.
func limitDelivery(fd int, d time.Duration) {
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(max(d, time.Millisecond).Milliseconds()))
}

// sendWindow returns how many bytes the peer's TCP has offered to take beyond those that it has
// acknowledged, or 0 before Linux 5.4.
func sendWindow(fd int) uint32 {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return 0
	}
	return info.Snd_wnd
}

// resetOnClose has close(2) send a reset and free what the socket holds.
func resetOnClose(fd int) {
	unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
}
