// Package wstest is a client side of RFC 6455 for tests. It sends whatever bytes a test asks
// for, and checks the headers and the order of the frames that it receives, not their
// payloads. It shares no code with internal/wsproto, so that a mistake there cannot hide here.
//
// [Frame] and [Request] make bytes, [ReadFrames] and [Messages] parse what a server sent. A
// [Client] does the same over a connection.
package wstest

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// Key is the masking key of the RFC's examples (section 5.7).
var Key = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// Frame returns a client's frame, masked with [Key]. first is the first byte: FIN, RSV and
// opcode.
func Frame(first byte, payload string) []byte {
	return FrameWithKey(first, payload, Key)
}

// FrameWithKey returns a client's frame, masked with key.
func FrameWithKey(first byte, payload string, key [4]byte) []byte {
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

// Claim returns the header of a client's frame that claims a payload of n bytes.
func Claim(first byte, n uint64) []byte {
	f := binary.BigEndian.AppendUint64([]byte{first, 0x80 | 127}, n)
	return append(f, Key[:]...)
}

// A ServerFrame is a frame received from a server.
type ServerFrame struct {
	First   byte // FIN, RSV and opcode
	Payload string
}

// String formats the first byte and the payload, shortened.
func (f ServerFrame) String() string {
	if len(f.Payload) > 40 {
		return fmt.Sprintf("%02x[%d bytes %q...]", f.First, len(f.Payload), f.Payload[:20])
	}
	return fmt.Sprintf("%02x%q", f.First, f.Payload)
}

// parseFrame parses the first frame of p. ok is false if the frame is incomplete. The error says
// which rule for servers the frame breaks.
func parseFrame(p []byte) (f ServerFrame, rest []byte, ok bool, err error) {
	if len(p) < 2 {
		return f, p, false, nil
	}
	n, header := uint64(p[1]), 2
	if n&0x80 != 0 {
		return f, p, false, fmt.Errorf("the server sent a masked frame: %x", p[:2])
	}
	if opcode := p[0] & 0xF; p[0]&0x30 != 0 || p[0]&0x40 != 0 && (opcode == 0 || opcode >= 8) { // RFC 7692 section 6.1
		return f, p, false, fmt.Errorf("the server sent a reserved bit: %x", p[0])
	}
	if n >= 126 {
		header += map[uint64]int{126: 2, 127: 8}[n]
		if len(p) < header {
			return f, p, false, nil
		}
		n = 0
		for _, b := range p[2:header] {
			n = n<<8 | uint64(b)
		}
		if header == 4 && n < 126 || header == 10 && n < 65536 {
			return f, p, false, fmt.Errorf("the server sent a length in more bytes than needed: %x", p[:header])
		}
	}
	if uint64(len(p)-header) < n {
		return f, p, false, nil
	}
	end := header + int(n)
	return ServerFrame{p[0], string(p[header:end])}, p[end:], true, nil
}

// ReadFrames parses everything a server sent. The last frame must be complete.
func ReadFrames(t testing.TB, p []byte) (frames []ServerFrame) {
	t.Helper()
	for len(p) > 0 {
		f, rest, ok, err := parseFrame(p)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			t.Fatalf("the server sent an incomplete frame: %x", p[:min(len(p), 20)])
		}
		frames, p = append(frames, f), rest
	}
	return frames
}

// A Message is a whole message or a control frame, as an application sees it.
type Message struct {
	Opcode     byte
	Compressed bool   // RSV1 was set (RFC 7692 section 6)
	Payload    string // as received, compressed or not
}

// Messages reassembles fragmented messages (RFC 6455 section 5.4).
func Messages(t testing.TB, frames []ServerFrame) (messages []Message) {
	t.Helper()
	var unfinished *Message
	var payload strings.Builder
	for _, f := range frames {
		fin, opcode := f.First&0x80 != 0, f.First&0xF
		switch {
		case opcode >= 8:
			if !fin || len(f.Payload) > 125 {
				t.Fatalf("the server sent an invalid control frame: %v", f)
			}
			messages = append(messages, Message{Opcode: opcode, Payload: f.Payload})
			continue
		case opcode == 0:
			if unfinished == nil {
				t.Fatalf("the server sent a continuation frame with nothing to continue: %v", f)
			}
			payload.WriteString(f.Payload)
		default:
			if unfinished != nil {
				t.Fatalf("the server began a message within another: %v", f)
			}
			unfinished = &Message{Opcode: opcode, Compressed: f.First&0x40 != 0}
			payload.Reset()
			payload.WriteString(f.Payload)
		}
		if fin {
			unfinished.Payload = payload.String()
			messages = append(messages, *unfinished)
			unfinished = nil
		}
	}
	return messages
}
