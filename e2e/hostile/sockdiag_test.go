//go:build linux

package main

import (
	"bytes"
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// What a peer does not read is counted, for the side that has the port.
func TestSocketMemory(t *testing.T) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	port := uint16(ln.Addr().(*net.TCPAddr).Port)
	client, err := net.Dial("tcp4", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()

	sockets, before, err := socketMemory(port)
	if err != nil || sockets != 1 {
		t.Fatalf("%d sockets (%v)", sockets, err)
	}
	// The peer does not read, so this ends when both buffers are full.
	raw, err := server.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	sent := 0
	err = raw.Write(func(fd uintptr) bool {
		for {
			n, err := unix.Write(int(fd), make([]byte, 1<<16))
			if err != nil {
				return true
			}
			sent += n
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	_, after, err := socketMemory(port)
	if err != nil || after < before+16<<10 {
		t.Errorf("%d bytes with %d sent, %d before (%v)", after, sent, before, err)
	}
}

// struct inet_diag_msg, another attribute, and the one with the memory: rmem 1, wmem
// queued 4 and backlog 8 count, and fwd 2 does not.
func TestBufferBytes(t *testing.T) {
	message := bytes.Repeat([]byte{0xff}, sizeofInetDiagMsg)
	message = append(message, 5, 0, 99, 0, 1, 0, 0, 0) // an attribute of one byte, padded
	message = append(message, 40, 0, inetDiagSKMemInfo, 0)
	for _, n := range []byte{1, 100, 100, 100, 2, 4, 100, 8, 100} {
		message = append(message, n, 0, 0, 0)
	}
	if got := bufferBytes(message); got != 13 {
		t.Errorf("%d", got)
	}
	for n := range message {
		bufferBytes(message[:n]) // must not panic
	}
}
