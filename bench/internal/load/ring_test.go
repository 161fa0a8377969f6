package load

import (
	"bytes"
	"testing"
)

// unmask parses the first of a client's frames by RFC 6455 section 5.2, independently of wstest.
func unmask(t *testing.T, frames []byte) (first byte, payload, rest []byte) {
	t.Helper()
	n, header := int(frames[1]&0x7f), 2
	switch n {
	case 126:
		n, header = int(frames[2])<<8|int(frames[3]), 4
	case 127:
		n, header = int(frames[6])<<24|int(frames[7])<<16|int(frames[8])<<8|int(frames[9]), 10
	}
	end := header + 4 + n
	if frames[1]&0x80 == 0 || len(frames) < end {
		t.Fatalf("a frame in %d bytes begins with %x", len(frames), frames[:header])
	}
	for i, b := range frames[header+4 : end] {
		payload = append(payload, b^frames[header+i%4])
	}
	return frames[0], payload, frames[end:]
}

// defragment parses the frames of a message, and returns the first byte as of one frame.
func defragment(t *testing.T, frames []byte) (first byte, message []byte, n int) {
	t.Helper()
	for len(frames) > 0 {
		var b byte
		var payload []byte
		b, payload, frames = unmask(t, frames)
		if n > 0 && b&0x7f != 0 || (b&0x80 != 0) != (len(frames) == 0) {
			t.Errorf("frame %d begins with %02x, %d bytes before the end", n, b, len(frames))
		}
		first, message, n = first|b, append(message, payload...), n+1
	}
	return first, message, n
}

func TestRingStream(t *testing.T) {
	for _, l := range Loads(10000) {
		if l.Kind == Handshake {
			continue
		}
		r, err := newRing(l)
		if err != nil {
			t.Fatal(err)
		}
		at := 0
		for i, length := range r.lengths {
			first, payload, n := defragment(t, r.stream[at:at+length])
			want := l.Message(i)
			if l.Compressed {
				if first != 0xc0|l.Opcode {
					t.Errorf("load %s: message %d begins with %02x", l.Name, i, first)
				}
				if err := newInflater().check(i, payload, want); err != nil {
					t.Errorf("load %s: %v", l.Name, err)
				}
			} else if first != 0x80|l.Opcode || !bytes.Equal(payload, want) {
				t.Errorf("load %s: the frames of message %d have other bytes", l.Name, i)
			}
			if n != max(l.Fragments, 1) {
				t.Errorf("load %s: %d frames, want %d", l.Name, n, max(l.Fragments, 1))
			}
			at += length
		}
		if at != r.size || len(r.stream) != 2*at || !bytes.Equal(r.stream[:at], r.stream[at:]) {
			t.Errorf("load %s: the stream does not have each frame twice", l.Name)
		}
	}
}
