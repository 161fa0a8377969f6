package wsproto

import (
	"encoding/binary"
	"math"
)

// header is the header of a client's frame (RFC 6455 section 5.2):
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

// parse parses the header that p begins with into h, which must be zero. It makes each check
// as soon as the bytes for it have arrived. message is the opcode of the unfinished message, or
// OpContinuation if there is none. deflate means that messages may be compressed. n is the
// length of the header, or 0 if p is too short; [maxClientHeader] bytes are always enough.
func (h *header) parse(p []byte, message Opcode, deflate bool) (n int, err ProtocolError) {
	if len(p) < 1 {
		return 0, 0
	}
	h.fin, h.opcode = p[0]&finBit != 0, Opcode(p[0]&0xF)
	if p[0]&rsvBits != 0 {
		if p[0]&rsvBits != rsv1Bit || !deflate { // section 5.2
			return 0, ErrReservedBits
		}
		h.compressed = true
	}
	switch {
	case h.opcode > OpPong, h.opcode > OpBinary && h.opcode < OpClose: // section 5.2
		return 0, ErrReservedOpcode
	case h.opcode.IsControl() && !h.fin: // section 5.5
		return 0, ErrFragmentedControl
	case h.opcode == OpContinuation && message == OpContinuation: // section 5.4
		return 0, ErrUnexpectedContinuation
	case h.opcode != OpContinuation && !h.opcode.IsControl() && message != OpContinuation: // section 5.4; a control frame may come in between
		return 0, ErrExpectedContinuation
	case h.compressed && (h.opcode == OpContinuation || h.opcode.IsControl()): // RFC 7692 section 6.1
		return 0, ErrMisplacedRSV1
	case len(p) < 2:
		return 0, 0
	case p[1]&maskBit == 0: // section 5.1
		return 0, ErrUnmaskedFrame
	}
	short := p[1] &^ maskBit
	switch {
	case short <= MaxControlPayload:
		h.length, n = int64(short), 2
	case h.opcode.IsControl(): // section 5.5
		return 0, ErrControlTooLong
	case short == length16:
		if len(p) < 4 {
			return 0, 0
		}
		h.length, n = int64(binary.BigEndian.Uint16(p[2:])), 4
		if h.length < length16 { // section 5.2
			return 0, ErrNonMinimalLength
		}
	default:
		if len(p) > 2 && p[2] >= 0x80 { // section 5.2
			return 0, ErrLengthOverflow
		}
		if len(p) < 10 {
			return 0, 0
		}
		length := binary.BigEndian.Uint64(p[2:])
		if length <= math.MaxUint16 { // section 5.2
			return 0, ErrNonMinimalLength
		}
		h.length, n = int64(length), 10
	}
	if len(p) < n+4 {
		return 0, 0
	}
	h.key = binary.LittleEndian.Uint32(p[n:])
	return n + 4, 0
}
