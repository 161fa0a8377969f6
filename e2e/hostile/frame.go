//go:build linux

package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// The first byte of a frame: FIN, RSV1 and the opcode (RFC 6455 section 5.2).
const (
	fin  = 0x80
	rsv1 = 0x40 // a compressed message, RFC 7692 section 6

	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA
)

// maskingKey is the key of the examples in RFC 6455 section 5.7.
var maskingKey = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// maxServerFrame bounds what a client reads of one frame. The server answers larger
// messages in fragments.
const maxServerFrame = 1 << 20

// appendHeader appends the header of a masked frame with a payload of n bytes.
func appendHeader(b []byte, first byte, n uint64) []byte {
	switch {
	case n < 126:
		b = append(b, first, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, first, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, first, 0x80|127), n)
	}
	return append(b, maskingKey[:]...)
}

// frame returns a masked frame.
func frame(first byte, payload []byte) []byte {
	b := appendHeader(make([]byte, 0, len(payload)+14), first, uint64(len(payload)))
	for i, c := range payload {
		b = append(b, c^maskingKey[i&3])
	}
	return b
}

// claim returns the header of a masked frame that promises a payload of n bytes.
func claim(first byte, n uint64) []byte {
	return appendHeader(nil, first, n)
}

// closeFrame returns a masked close frame with a code and no reason.
func closeFrame(code uint16) []byte {
	return frame(fin|opClose, binary.BigEndian.AppendUint16(nil, code))
}

// repeat returns as many copies of f as fit into size bytes, and at least one.
func repeat(f []byte, size int) []byte {
	b := append([]byte(nil), f...)
	for len(b)+len(f) <= size {
		b = append(b, f...)
	}
	return b
}

// A serverFrame is a frame that the server sent.
type serverFrame struct {
	first   byte
	payload []byte
}

// closeCode returns the code of a close frame, and 1005 if it has none
// (RFC 6455 section 7.1.5).
func (f serverFrame) closeCode() uint16 {
	if len(f.payload) < 2 {
		return 1005
	}
	return binary.BigEndian.Uint16(f.payload)
}

// readFrame reads a frame that is not masked.
func readFrame(r *bufio.Reader) (f serverFrame, err error) {
	var header [8]byte
	if _, err := io.ReadFull(r, header[:2]); err != nil {
		return f, err
	}
	f.first = header[0]
	n := uint64(header[1])
	switch {
	case n&0x80 != 0:
		return f, fmt.Errorf("the server masked a frame: % x", header[:2])
	case n == 126:
		_, err = io.ReadFull(r, header[:2])
		n = uint64(binary.BigEndian.Uint16(header[:]))
	case n == 127:
		_, err = io.ReadFull(r, header[:])
		n = binary.BigEndian.Uint64(header[:])
	}
	if err != nil {
		return f, err
	}
	if n > maxServerFrame {
		return f, fmt.Errorf("the server sent a frame of %d bytes; %d are allowed", n, maxServerFrame)
	}
	f.payload = make([]byte, n)
	_, err = io.ReadFull(r, f.payload)
	return f, err
}
