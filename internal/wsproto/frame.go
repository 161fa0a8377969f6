package wsproto

import (
	"encoding/binary"
	"math"
	"strconv"
)

// Opcode is the type of a frame (RFC 6455 section 5.2).
type Opcode uint8

// The opcodes that are not reserved (section 11.8).
const (
	OpContinuation Opcode = 0x0
	OpText         Opcode = 0x1
	OpBinary       Opcode = 0x2
	OpClose        Opcode = 0x8
	OpPing         Opcode = 0x9
	OpPong         Opcode = 0xA
)

// IsControl reports whether frames of this opcode are control frames (section 5.5).
func (o Opcode) IsControl() bool { return o&0x8 != 0 }

// String returns the RFC's name of the opcode, or its number if it is reserved.
func (o Opcode) String() string {
	switch o {
	case OpContinuation:
		return "continuation"
	case OpText:
		return "text"
	case OpBinary:
		return "binary"
	case OpClose:
		return "close"
	case OpPing:
		return "ping"
	case OpPong:
		return "pong"
	}
	return "opcode " + strconv.Itoa(int(o))
}

const (
	finBit   = 0x80
	rsvBits  = 0x70
	rsv1Bit  = 0x40 // the message is compressed (RFC 7692 section 6)
	maskBit  = 0x80
	length16 = 126 // the length is in the next 2 bytes
	length64 = 127 // the length is in the next 8 bytes

	maxClientHeader = 14 // bytes: 2, 8 of length, 4 of masking key
	maxServerHeader = 10 // bytes: the same without a masking key
)

// MaxControlPayload is the longest payload of a control frame, in bytes (section 5.5).
const MaxControlPayload = 125

// Frame is a frame that a server sends.
type Frame struct {
	Fin        bool // the frame is the last of its message; always set on a control frame
	Compressed bool // the frame is the first of a compressed message (RFC 7692 section 6)
	Opcode     Opcode
	Payload    []byte // at most MaxControlPayload bytes in a control frame
}

// AppendFrame appends a frame to dst. A server's frames are not masked (RFC 6455 section
// 5.1).
func AppendFrame(dst []byte, f Frame) []byte {
	first := byte(f.Opcode)
	if f.Fin {
		first |= finBit
	}
	if f.Compressed {
		first |= rsv1Bit
	}
	return append(appendHeader(dst, first, len(f.Payload)), f.Payload...)
}

// AppendText appends a text message in one frame to dst. The payload must be UTF-8.
func AppendText(dst, payload []byte) []byte {
	return AppendFrame(dst, Frame{Fin: true, Opcode: OpText, Payload: payload})
}

// AppendBinary appends a binary message in one frame to dst.
func AppendBinary(dst, payload []byte) []byte {
	return AppendFrame(dst, Frame{Fin: true, Opcode: OpBinary, Payload: payload})
}

// AppendPing appends a ping to dst (section 5.5.2). The payload has at most
// [MaxControlPayload] bytes.
func AppendPing(dst, payload []byte) []byte {
	return AppendFrame(dst, Frame{Fin: true, Opcode: OpPing, Payload: payload})
}

// AppendPong appends a pong to dst (section 5.5.3). The answer to a ping has the ping's
// payload.
func AppendPong(dst, payload []byte) []byte {
	return AppendFrame(dst, Frame{Fin: true, Opcode: OpPong, Payload: payload})
}

// appendHeader appends the header of a server's frame, whose first byte is given, with the
// shortest form of the length (section 5.2).
func appendHeader(dst []byte, first byte, length int) []byte {
	switch {
	case length <= MaxControlPayload:
		return append(dst, first, byte(length))
	case length <= math.MaxUint16:
		return append(dst, first, length16, byte(length>>8), byte(length))
	}
	return binary.BigEndian.AppendUint64(append(dst, first, length64), uint64(length))
}
