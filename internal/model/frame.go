package model

import (
	"encoding/binary"
	"strings"
)

// The opcodes of RFC 6455 section 5.2 that are not reserved.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA
)

const (
	finBit  = 0x80
	rsv1Bit = 0x40
)

// A Frame is a frame as the client sends it, legal or not.
type Frame struct {
	First    byte   // FIN, RSV1 to RSV3 and the opcode
	Payload  string // before masking
	Times    int    // how often Payload repeats; 0 is once
	Key      uint32 // masking key, in network byte order
	Unmasked bool
	Length   LengthForm
	Claim    uint64 // the length that the header states, if not that of the payload
}

// A LengthForm is how a header states the length (section 5.2).
type LengthForm uint8

const (
	Minimal LengthForm = iota // as the RFC demands
	Long16                    // in 16 bits, even if 7 would do
	Long64                    // in 64 bits, even if fewer would do
	TopBit                    // in 64 bits, the most significant of which is set
)

// payload returns the whole payload.
func (f *Frame) payload() string {
	return strings.Repeat(f.Payload, max(f.Times, 1))
}

// append appends the bytes of the frame to dst.
func (f *Frame) append(dst []byte) []byte {
	payload := f.payload()
	length := uint64(len(payload))
	if f.Claim != 0 {
		length = f.Claim
	}
	var mask byte = 0x80
	if f.Unmasked {
		mask = 0
	}
	dst = append(dst, f.First)
	switch {
	case f.Length == TopBit:
		dst = binary.BigEndian.AppendUint64(append(dst, mask|127), 1<<63|length)
	case f.Length == Long64 || length > 0xFFFF:
		dst = binary.BigEndian.AppendUint64(append(dst, mask|127), length)
	case f.Length == Long16 || length > 125:
		dst = binary.BigEndian.AppendUint16(append(dst, mask|126), uint16(length))
	default:
		dst = append(dst, mask|byte(length))
	}
	if f.Unmasked {
		return append(dst, payload...)
	}
	key := binary.BigEndian.AppendUint32(nil, f.Key)
	dst = append(dst, key...)
	for i := range len(payload) {
		dst = append(dst, payload[i]^key[i%4])
	}
	return dst
}

// A fault is a breach of a rule for clients.
type fault string

const (
	reservedBits           fault = "reserved bits"           // section 5.2
	reservedOpcode         fault = "reserved opcode"         // section 5.2
	fragmentedControl      fault = "fragmented control"      // section 5.5
	controlTooLong         fault = "control too long"        // section 5.5
	unexpectedContinuation fault = "unexpected continuation" // section 5.4
	expectedContinuation   fault = "expected continuation"   // section 5.4
	unmaskedFrame          fault = "unmasked frame"          // section 5.1
	nonMinimalLength       fault = "length not minimal"      // section 5.2
	lengthTopBit           fault = "length with top bit"     // section 5.2
	closePayload           fault = "close of one byte"       // section 5.5.1
	closeCode              fault = "close code"              // section 7.4
	closeReason            fault = "close reason not UTF-8"  // section 5.5.1
	invalidText            fault = "text not UTF-8"          // section 8.1
	tooBig                 fault = "message too big"         // section 7.4.1
	corruptDeflate         fault = "corrupt DEFLATE"         // RFC 7692 section 7.2.2
)

// code returns the close code that answers the fault (RFC 6455 section 7.4.1).
func (f fault) code() uint16 {
	switch f {
	case invalidText, closeReason, corruptDeflate:
		return 1007
	case tooBig:
		return 1009
	}
	return 1002
}

// clientHeader is the header of a client's frame.
type clientHeader struct {
	fin, compressed bool
	opcode          byte
	length          uint64
	key             [4]byte
}

func (h *clientHeader) control() bool { return h.opcode >= opClose }

// readHeader reads the header that p begins with. inMessage and deflate report whether a
// fragmented message is unfinished and whether permessage-deflate was agreed on. size is 0
// as long as p is too short; a fault is found with the byte that makes it certain.
func readHeader(p []byte, inMessage, deflate bool) (h clientHeader, size int, broken fault) {
	if len(p) == 0 {
		return h, 0, ""
	}
	h.fin, h.opcode = p[0]&finBit != 0, p[0]&0x0F
	rsv := p[0] & 0x70
	data := h.opcode == opText || h.opcode == opBinary
	h.compressed = rsv == rsv1Bit
	switch {
	case rsv != 0 && rsv != rsv1Bit, rsv != 0 && !deflate:
		return h, 0, reservedBits
	case !data && h.opcode != opContinuation && h.opcode != opClose && h.opcode != opPing && h.opcode != opPong:
		return h, 0, reservedOpcode
	case rsv != 0 && !data: // RFC 7692 section 6: on the first frame of a message alone
		return h, 0, reservedBits
	case h.control() && !h.fin:
		return h, 0, fragmentedControl
	case h.opcode == opContinuation && !inMessage:
		return h, 0, unexpectedContinuation
	case data && inMessage:
		return h, 0, expectedContinuation
	}
	if len(p) == 1 {
		return h, 0, ""
	}
	short := p[1] & 0x7F
	switch {
	case p[1]&0x80 == 0:
		return h, 0, unmaskedFrame
	case h.control() && short > 125:
		return h, 0, controlTooLong
	case short < 126:
		h.length, size = uint64(short), 2
	case short == 126:
		if len(p) < 4 {
			return h, 0, ""
		}
		h.length, size = uint64(binary.BigEndian.Uint16(p[2:])), 4
		if h.length < 126 {
			return h, 0, nonMinimalLength
		}
	default:
		if len(p) > 2 && p[2] >= 0x80 {
			return h, 0, lengthTopBit
		}
		if len(p) < 10 {
			return h, 0, ""
		}
		h.length, size = binary.BigEndian.Uint64(p[2:]), 10
		if h.length < 1<<16 {
			return h, 0, nonMinimalLength
		}
	}
	if len(p) < size+4 {
		return h, 0, ""
	}
	copy(h.key[:], p[size:])
	return h, size + 4, ""
}

// unmask returns what p is without its mask (section 5.3).
func unmask(p []byte, key [4]byte) []byte {
	plain := make([]byte, len(p))
	for i := range p {
		plain[i] = p[i] ^ key[i%4]
	}
	return plain
}

// mayClose reports whether a client may send the close code (section 7.4 and the IANA
// registry of close codes).
func mayClose(code uint16) bool {
	switch code {
	case 1004, 1005, 1006, 1015:
		return false
	}
	return 1000 <= code && code <= 1014 || 3000 <= code && code <= 4999
}
