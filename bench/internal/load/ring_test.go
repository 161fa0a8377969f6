package load

import (
	"bytes"
	"testing"
)

// unmask parses a client's frame by RFC 6455 section 5.2, independently of wstest.
func unmask(t *testing.T, frame []byte) (first byte, payload []byte) {
	t.Helper()
	n, header := int(frame[1]&0x7f), 2
	switch n {
	case 126:
		n, header = int(frame[2])<<8|int(frame[3]), 4
	case 127:
		n, header = int(frame[6])<<24|int(frame[7])<<16|int(frame[8])<<8|int(frame[9]), 10
	}
	if frame[1]&0x80 == 0 || len(frame) != header+4+n {
		t.Fatalf("a frame of %d bytes begins with %x", len(frame), frame[:header])
	}
	for i, b := range frame[header+4:] {
		payload = append(payload, b^frame[header+i%4])
	}
	return frame[0], payload
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
		for i, n := range r.lengths {
			first, payload := unmask(t, r.stream[at:at+n])
			want := l.Message(i)
			if l.Compressed {
				if first != 0xc0|l.Opcode {
					t.Errorf("load %s: frame %d begins with %02x", l.Name, i, first)
				}
				if err := newInflater().check(i, payload, want); err != nil {
					t.Errorf("load %s: %v", l.Name, err)
				}
			} else if first != 0x80|l.Opcode || !bytes.Equal(payload, want) {
				t.Errorf("load %s: frame %d is not message %d", l.Name, i, i)
			}
			at += n
		}
		if at != r.size || len(r.stream) != 2*at || !bytes.Equal(r.stream[:at], r.stream[at:]) {
			t.Errorf("load %s: the stream does not have each frame twice", l.Name)
		}
	}
}
