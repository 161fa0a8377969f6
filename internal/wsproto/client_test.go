package wsproto

import (
	"encoding/binary"
	"fmt"
	"testing"
)

// This file is the client's side of RFC 6455 section 5.2, written for the tests
// alone: it shares no code with the package.

// testKey is the masking key of the RFC's own examples (section 5.7).
var testKey = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// clientFrame makes a frame as a client sends it. first is the first byte: FIN, RSV
// and opcode.
func clientFrame(first byte, payload string) []byte {
	return clientFrameWithKey(first, payload, testKey)
}

func clientFrameWithKey(first byte, payload string, key [4]byte) []byte {
	f := []byte{first}
	switch n := len(payload); {
	case n < 126:
		f = append(f, 0x80|byte(n))
	case n < 65536:
		f = append(f, 0x80|126, byte(n>>8), byte(n))
	default:
		f = binary.BigEndian.AppendUint64(append(f, 0x80|127), uint64(n))
	}
	f = append(f, key[:]...)
	for i := range len(payload) {
		f = append(f, payload[i]^key[i%4])
	}
	return f
}

// claim is the header of a client's frame that claims a payload of n bytes.
func claim(first byte, n uint64) []byte {
	f := binary.BigEndian.AppendUint64([]byte{first, 0x80 | 127}, n)
	return append(f, testKey[:]...)
}

// serverFrame is a frame as a client reads it.
type serverFrame struct {
	first   byte // FIN, RSV and opcode
	payload string
}

func (f serverFrame) String() string {
	if len(f.payload) > 40 {
		return fmt.Sprintf("%02x[%d bytes %q...]", f.first, len(f.payload), f.payload[:20])
	}
	return fmt.Sprintf("%02x%q", f.first, f.payload)
}

// readServerFrames takes what a server sent apart, and is strict about it.
func readServerFrames(t testing.TB, p []byte) (frames []serverFrame) {
	t.Helper()
	for len(p) > 0 {
		if len(p) < 2 {
			t.Fatalf("the server sent half a header: %x", p)
		}
		first, n, header := p[0], uint64(p[1]), 2
		if n&0x80 != 0 {
			t.Fatalf("the server masked a frame: %x", p[:2])
		}
		if n >= 126 {
			header += map[uint64]int{126: 2, 127: 8}[n]
			if len(p) < header {
				t.Fatalf("the server sent half a header: %x", p)
			}
			n = 0
			for _, b := range p[2:header] {
				n = n<<8 | uint64(b)
			}
			if header == 4 && n < 126 || header == 10 && n < 65536 {
				t.Fatalf("the server sent a length that is not minimal: %x", p[:header])
			}
		}
		if uint64(len(p)-header) < n {
			t.Fatalf("the server sent %d of the %d payload bytes that it announced", len(p)-header, n)
		}
		if first&0x70 != 0 {
			t.Fatalf("the server sent a reserved bit: %x", first)
		}
		frames = append(frames, serverFrame{first, string(p[header : header+int(n)])})
		p = p[header+int(n):]
	}
	return frames
}

// message is a whole message or a control frame, as an application sees it.
type message struct {
	opcode  byte
	payload string
}

// readMessages puts the fragments together (RFC 6455 section 5.4).
func readMessages(t testing.TB, frames []serverFrame) (messages []message) {
	t.Helper()
	var unfinished *message
	for _, f := range frames {
		fin, opcode := f.first&0x80 != 0, f.first&0xF
		switch {
		case opcode >= 8:
			if !fin || len(f.payload) > 125 {
				t.Fatalf("the server sent a bad control frame: %v", f)
			}
			messages = append(messages, message{opcode, f.payload})
			continue
		case opcode == 0:
			if unfinished == nil {
				t.Fatalf("the server sent a continuation of nothing: %v", f)
			}
			unfinished.payload += f.payload
		default:
			if unfinished != nil {
				t.Fatalf("the server began a message within another: %v", f)
			}
			unfinished = &message{opcode, f.payload}
		}
		if fin {
			messages = append(messages, *unfinished)
			unfinished = nil
		}
	}
	return messages
}
