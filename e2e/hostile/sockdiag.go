//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// From linux/inet_diag.h and linux/sock_diag.h.
const (
	inetDiagSKMemInfo = 7  // attribute: nine numbers of 32 bits
	sizeofInetDiagReq = 56 // struct inet_diag_req_v2
	sizeofInetDiagMsg = 72 // struct inet_diag_msg

	skMemRMemAlloc  = 0 // bytes in the receive queue, with their overhead
	skMemWMemQueued = 5 // bytes in the send queue
	skMemBacklog    = 7
)

// socketMemory asks the kernel for all TCP sockets with a local port, but those that only
// listen or wait in TIME_WAIT, and returns how many there are and how much memory their
// buffers take. Sockets that the process has closed, with data left to send, are included.
func socketMemory(port uint16) (sockets int, bytes int64, err error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_INET_DIAG)
	if err != nil {
		return 0, 0, err
	}
	defer unix.Close(fd)
	if err := unix.Sendto(fd, socketRequest(port), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return 0, 0, err
	}
	buffer := make([]byte, 1<<16)
	for {
		n, _, err := unix.Recvfrom(fd, buffer, 0)
		if err != nil {
			return 0, 0, err
		}
		messages, err := syscall.ParseNetlinkMessage(buffer[:n])
		if err != nil {
			return 0, 0, err
		}
		for _, m := range messages {
			switch m.Header.Type {
			case unix.NLMSG_DONE:
				return sockets, bytes, nil
			case unix.NLMSG_ERROR:
				return 0, 0, fmt.Errorf("sock_diag: error % x", m.Data)
			}
			sockets++
			bytes += bufferBytes(m.Data)
		}
	}
}

// socketRequest makes a netlink message with a struct inet_diag_req_v2.
func socketRequest(port uint16) []byte {
	const length = unix.SizeofNlMsghdr + sizeofInetDiagReq
	b := make([]byte, length)
	binary.NativeEndian.PutUint32(b[0:], length)
	binary.NativeEndian.PutUint16(b[4:], unix.SOCK_DIAG_BY_FAMILY)
	binary.NativeEndian.PutUint16(b[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	request := b[unix.SizeofNlMsghdr:]
	request[0] = unix.AF_INET
	request[1] = unix.IPPROTO_TCP
	request[2] = 1 << (inetDiagSKMemInfo - 1)
	states := ^uint32(1<<unix.BPF_TCP_LISTEN | 1<<unix.BPF_TCP_TIME_WAIT)
	binary.NativeEndian.PutUint32(request[4:], states)
	binary.BigEndian.PutUint16(request[8:], port)
	return b
}

// bufferBytes sums the memory of a socket, from a struct inet_diag_msg and its attributes.
// It leaves out what is reserved in advance, a page or so: the kernel reports 2^31-1 at
// times under memory pressure.
func bufferBytes(data []byte) (sum int64) {
	for b := data[min(len(data), sizeofInetDiagMsg):]; len(b) >= unix.SizeofRtAttr; {
		length := int(binary.NativeEndian.Uint16(b))
		kind := binary.NativeEndian.Uint16(b[2:])
		if length < unix.SizeofRtAttr || length > len(b) {
			return sum
		}
		if value := b[unix.SizeofRtAttr:length]; kind == inetDiagSKMemInfo && len(value) >= 4*(skMemBacklog+1) {
			for _, i := range []int{skMemRMemAlloc, skMemWMemQueued, skMemBacklog} {
				sum += int64(binary.NativeEndian.Uint32(value[4*i:]))
			}
		}
		b = b[min(len(b), (length+3)&^3):]
	}
	return sum
}
