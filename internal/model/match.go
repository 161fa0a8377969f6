package model

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// An item is a part of what a client may read.
type item struct {
	kind     itemKind
	first    byte   // exact: the first byte of the frame; else the opcode, with RSV1, of the first frame
	fin      bool   // pieces: the last of them has FIN
	payload  []byte // of the frame, or of all frames
	complete bool   // pieces: all of payload comes; else any beginning of it may

	code   uint16 // serverClose
	reason string // serverClose: empty is any
}

type itemKind uint8

const (
	nothing     itemKind = iota
	exact                // one frame
	pieces               // a frame of the client that may come back in several
	serverClose          // a close frame that the server begins with
	// doubt allows a close frame with 1007 or 1009. A compressed message in which something is
	// wrong, or that does not go on, may have been so all along: the RFC does not settle
	// with which bit that is found, and compress/flate looks at some of them late.
	doubt
)

// mandatory reports whether the item has to come, all of it.
func (it *item) mandatory() bool {
	switch it.kind {
	case exact, serverClose:
		return true
	case pieces:
		return it.complete
	}
	return false
}

// drainReason is the reason of the close frame with 1001 while the service shuts down.
const drainReason = "the server is shutting down"

// A serverFrame is a frame as the client reads it.
type serverFrame struct {
	first   byte
	payload []byte
}

func (f serverFrame) String() string {
	name := map[byte]string{opContinuation: "continuation", opText: "text", opBinary: "binary", opClose: "close", opPing: "ping", opPong: "pong"}[f.first&0xF]
	if f.first&rsv1Bit != 0 {
		name += " RSV1"
	}
	if f.first&finBit == 0 {
		name += " without FIN"
	}
	if len(f.payload) > 60 {
		return fmt.Sprintf("%s of %d bytes %.40q...", name, len(f.payload), f.payload)
	}
	return fmt.Sprintf("%s %q", name, f.payload)
}

// cutFrame takes the first frame off what a server sent; n is its length, or 0 when it is
// not complete. The error names the rule for servers that it breaks (RFC 6455 sections 5.1
// to 5.5).
func cutFrame(p []byte) (f serverFrame, n int, err error) {
	if len(p) < 2 {
		return f, 0, nil
	}
	opcode, length, n := p[0]&0xF, uint64(p[1]&0x7F), 2
	switch {
	case p[1]&0x80 != 0:
		return f, 0, fmt.Errorf("a masked frame: %x", p[:2])
	case p[0]&0x30 != 0, p[0]&rsv1Bit != 0 && opcode != opText && opcode != opBinary:
		return f, 0, fmt.Errorf("reserved bits: %x", p[:2])
	case opcode >= opClose && (p[0]&finBit == 0 || length > 125):
		return f, 0, fmt.Errorf("a control frame in fragments or too long: %x", p[:2])
	case length == 126:
		if len(p) < 4 {
			return f, 0, nil
		}
		length, n = uint64(binary.BigEndian.Uint16(p[2:])), 4
	case length == 127:
		if len(p) < 10 {
			return f, 0, nil
		}
		length, n = binary.BigEndian.Uint64(p[2:]), 10
	}
	if n == 4 && length < 126 || n == 10 && length < 1<<16 {
		return f, 0, fmt.Errorf("a length that is not minimal: %x", p[:n])
	}
	if uint64(len(p)-n) < length {
		return f, 0, nil
	}
	end := n + int(length)
	return serverFrame{p[0], p[n:end]}, end, nil
}

// A matcher compares frames with the items of an Expectation, one after the other.
type matcher struct {
	*Expectation
	at       int  // the current item
	offset   int  // bytes of its payload that have come
	frames   int  // how many frames these were
	finished bool // the server has sent a close frame that no item holds
}

// next compares a frame. It returns how that differs from what may come, or "".
func (m *matcher) next(f serverFrame) string {
	if m.finished {
		return fmt.Sprintf("after its close frame the server sends %v", f)
	}
	if m.drained && m.at >= m.drainFrom && isClose(f, 1001, drainReason) {
		m.finished = true
		return ""
	}
	for ; m.at < len(m.items); m.advance() {
		it := &m.items[m.at]
		data := f.first&0xF < opClose
		switch it.kind {
		case doubt:
			if isClose(f, 1007, "") || isClose(f, 1009, "") {
				m.finished = true
				return ""
			}
		case exact:
			if f.first != it.first || !bytes.Equal(f.payload, it.payload) {
				return fmt.Sprintf("the server sends %v; want %v", f, serverFrame{it.first, it.payload})
			}
			m.advance()
			return ""
		case serverClose:
			if !isClose(f, it.code, it.reason) {
				return fmt.Sprintf("the server sends %v; want a close frame with %d %q", f, it.code, it.reason)
			}
			m.advance()
			return ""
		case pieces:
			if data || it.complete {
				return m.piece(it, f)
			}
		}
	}
	return fmt.Sprintf("the server sends %v, and nothing is to come", f)
}

// piece compares a frame with the next bytes of it.
func (m *matcher) piece(it *item, f serverFrame) string {
	first := it.first
	if m.frames > 0 {
		first = opContinuation
	}
	m.frames++
	rest := it.payload[m.offset:]
	if f.first&^finBit != first || !bytes.HasPrefix(rest, f.payload) {
		return fmt.Sprintf("the server sends %v; want frame %d, byte %d of the answer %v", f, m.frames, m.offset, serverFrame{it.first, rest})
	}
	m.offset += len(f.payload)
	all := it.complete && m.offset == len(it.payload)
	fin := f.first&finBit != 0
	if fin != (all && it.fin) {
		return fmt.Sprintf("the server sends %v at byte %d of %d; want FIN on the last frame of a message alone", f, m.offset, len(it.payload))
	}
	if all {
		m.advance()
	}
	return ""
}

func (m *matcher) advance() {
	m.at++
	m.offset, m.frames = 0, 0
}

// missing returns the first thing that has to come and has not, or "".
func (m *matcher) missing() string {
	if m.finished {
		return ""
	}
	for i := m.at; i < len(m.items); i++ {
		switch it := &m.items[i]; {
		case it.kind == exact:
			return serverFrame{it.first, it.payload}.String()
		case it.kind == serverClose:
			return fmt.Sprintf("a close frame with %d %q", it.code, it.reason)
		case it.kind == pieces && it.complete:
			return fmt.Sprintf("the rest of %v", serverFrame{it.first, it.payload})
		}
	}
	if m.drained && m.end == endOpen && !m.fin {
		return fmt.Sprintf("a close frame with 1001 %q", drainReason)
	}
	return ""
}

// isClose reports whether f is a close frame with the code and the reason; an empty
// reason is any that is not empty.
func isClose(f serverFrame, code uint16, reason string) bool {
	if f.first != finBit|opClose || len(f.payload) < 3 || binary.BigEndian.Uint16(f.payload) != code || !utf8.Valid(f.payload[2:]) {
		return false
	}
	return reason == "" || string(f.payload[2:]) == reason
}
