package wsproto

import (
	"encoding/binary"
	"math"
)

// Opcode says what a frame is (RFC 6455 section 5.2).
type Opcode uint8

// The opcodes that are not reserved.
const (
	opContinuation Opcode = 0x0
	Text           Opcode = 0x1
	Binary         Opcode = 0x2
	opClose        Opcode = 0x8
	opPing         Opcode = 0x9
	opPong         Opcode = 0xA
)

// isControl says whether frames of this opcode are control frames (section 5.5).
func (o Opcode) isControl() bool { return o&0x8 != 0 }

const (
	finBit   = 0x80
	rsvBits  = 0x70
	rsv1Bit  = 0x40 // the message is compressed (RFC 7692 section 6)
	maskBit  = 0x80
	length16 = 126 // the length is in the next 2 bytes
	length64 = 127 // the length is in the next 8 bytes

	maxControlPayload = 125
	maxClientHeader   = 14 // 2 bytes, 8 of length, 4 of masking key
	maxServerHeader   = 10 // the same without a masking key
)

// header is the header of a client's frame:
//
//	 0               1               2               3
//	+-+-+-+-+-------+-+-------------+-------------------------------+
//	|F|R|R|R| opcode|M| Payload len |    Extended payload length    |
//	|I|S|S|S|  (4)  |A|     (7)     |   (16, if Payload len is 126; |
//	|N|V|V|V|       |S|             |    64, if it is 127)          |
//	| |1|2|3|       |K|             |                               |
//	+-+-+-+-+-------+-+-------------+-------------------------------+
//	|                    Masking-key (32)                           |
//	+---------------------------------------------------------------+
type header struct {
	fin        bool
	compressed bool // RSV1: the frame begins a compressed message
	opcode     Opcode
	key        uint32 // the masking key, its first byte in the low bits
	length     int64  // of the payload, in bytes
}

// parse reads the frame header that p begins with into h, which must be zero, and makes
// every check that needs nothing but the header, each as soon as its bytes are there.
// message is the opcode of the unfinished message, or opContinuation when there is none;
// deflate is whether messages may be compressed. n is the length of the header, or 0 while
// p is too short; [maxClientHeader] bytes always suffice.
func (h *header) parse(p []byte, message Opcode, deflate bool) (n int, v Violation) {
	if len(p) < 1 {
		return 0, noViolation
	}
	h.fin, h.opcode = p[0]&finBit != 0, Opcode(p[0]&0xF)
	if p[0]&rsvBits != 0 {
		if p[0]&rsvBits != rsv1Bit || !deflate {
			return 0, ReservedBits
		}
		h.compressed = true
	}
	switch {
	case h.opcode > opPong, h.opcode > Binary && h.opcode < opClose:
		return 0, ReservedOpcode
	case h.opcode.isControl() && !h.fin:
		return 0, FragmentedControl
	case h.opcode == opContinuation && message == opContinuation:
		return 0, UnexpectedContinuation
	case h.opcode != opContinuation && !h.opcode.isControl() && message != opContinuation:
		return 0, ExpectedContinuation
	case h.compressed && (h.opcode == opContinuation || h.opcode.isControl()):
		return 0, MisplacedRSV1
	case len(p) < 2:
		return 0, noViolation
	case p[1]&maskBit == 0:
		return 0, UnmaskedFrame
	}
	short := p[1] &^ maskBit
	switch {
	case short <= maxControlPayload:
		h.length, n = int64(short), 2
	case h.opcode.isControl():
		return 0, ControlTooLong
	case short == length16:
		if len(p) < 4 {
			return 0, noViolation
		}
		h.length, n = int64(binary.BigEndian.Uint16(p[2:])), 4
		if h.length < length16 {
			return 0, NonMinimalLength
		}
	default:
		if len(p) > 2 && p[2] >= 0x80 {
			return 0, LengthOverflow
		}
		if len(p) < 10 {
			return 0, noViolation
		}
		length := binary.BigEndian.Uint64(p[2:])
		if length <= math.MaxUint16 {
			return 0, NonMinimalLength
		}
		h.length, n = int64(length), 10
	}
	if len(p) < n+4 {
		return 0, noViolation
	}
	h.key = binary.LittleEndian.Uint32(p[n:])
	return n + 4, noViolation
}

// appendHeader appends the header of a server's frame, which has no masking key. first is
// its first byte.
func appendHeader(dst []byte, first byte, length int) []byte {
	switch {
	case length <= maxControlPayload:
		return append(dst, first, byte(length))
	case length <= math.MaxUint16:
		return append(dst, first, length16, byte(length>>8), byte(length))
	}
	return binary.BigEndian.AppendUint64(append(dst, first, length64), uint64(length))
}
