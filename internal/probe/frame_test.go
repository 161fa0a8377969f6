package probe

import (
	"encoding/binary"
	"io"
)

// A frame is a frame of RFC 6455 section 5.2.
type frame struct {
	fin     bool
	rsv     byte // RSV1 is 4
	opcode  byte
	masked  bool
	payload []byte
}

func readFrame(r io.Reader) (f frame, err error) {
	var head [14]byte
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return f, err
	}
	f = frame{fin: head[0]&0x80 != 0, rsv: head[0] >> 4 & 7, opcode: head[0] & 15, masked: head[1]&0x80 != 0}
	n, more := uint64(head[1]&0x7f), 0
	switch n {
	case 126:
		more = 2
	case 127:
		more = 8
	}
	if _, err := io.ReadFull(r, head[2:2+more]); err != nil {
		return f, err
	}
	switch more {
	case 2:
		n = uint64(binary.BigEndian.Uint16(head[2:]))
	case 8:
		n = binary.BigEndian.Uint64(head[2:])
	}
	key := make([]byte, 4)
	if f.masked {
		if _, err := io.ReadFull(r, key); err != nil {
			return f, err
		}
	}
	f.payload = make([]byte, n)
	_, err = io.ReadFull(r, f.payload)
	for i := range f.payload {
		f.payload[i] ^= key[i%4]
	}
	return f, err
}

// bytes returns the frame as a server sends it, unmasked.
func (f frame) bytes() []byte {
	first := f.rsv<<4 | f.opcode
	if f.fin {
		first |= 0x80
	}
	p := []byte{first}
	switch n := len(f.payload); {
	case n < 126:
		p = append(p, byte(n))
	case n < 65536:
		p = binary.BigEndian.AppendUint16(append(p, 126), uint16(n))
	default:
		p = binary.BigEndian.AppendUint64(append(p, 127), uint64(n))
	}
	return append(p, f.payload...)
}

func closeFrameOf(code int, reason string) frame {
	return frame{fin: true, opcode: 8, payload: append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...)}
}
