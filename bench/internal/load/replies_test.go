package load

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

// serverFrame returns a frame as a server sends it.
func serverFrame(first byte, payload []byte) []byte {
	f := []byte{first}
	switch n := len(payload); {
	case n < 126:
		f = append(f, byte(n))
	case n < 65536:
		f = binary.BigEndian.AppendUint16(append(f, 126), uint16(n))
	default:
		f = binary.BigEndian.AppendUint64(append(f, 127), uint64(n))
	}
	return append(f, payload...)
}

func testRing(t *testing.T, size, variants int, compressed bool) *ring {
	t.Helper()
	l := &Load{Message: octets(size), Variants: variants, Opcode: opBinary, Compressed: compressed}
	r, err := newRing(l)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// inPieces passes the stream to take in pieces of a size, and returns the number of messages.
func inPieces(r replies, stream []byte, size int) (ended int, err error) {
	for len(stream) > 0 && err == nil {
		var k int
		n := min(size, len(stream))
		k, err = r.take(stream[:n])
		ended, stream = ended+k, stream[n:]
	}
	return ended, err
}

func TestRepliesInPieces(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 5000, 65535, 65536} {
		r := testRing(t, size, 3, false)
		var whole, fragments []byte
		for range 2 {
			for _, m := range r.messages {
				whole = append(whole, serverFrame(0x82, m)...)
				fragments = append(fragments, serverFrame(0x02, m[:size/2])...)
				fragments = append(fragments, serverFrame(0x89, []byte("ping"))...)
				fragments = append(fragments, serverFrame(0x00, m[size/2:])...)
				fragments = append(fragments, serverFrame(0x80, nil)...)
			}
		}
		for _, piece := range []int{1, 2, 3, 7, 1000, 1 << 20} {
			if ended, err := inPieces(newFrameReplies(r, nil), whole, piece); ended != 6 || err != nil {
				t.Errorf("%d bytes, whole, by %d: %d messages, %v", size, piece, ended, err)
			}
			if ended, err := inPieces(newFrameReplies(r, nil), fragments, piece); ended != 6 || err != nil {
				t.Errorf("%d bytes, in fragments, by %d: %d messages, %v", size, piece, ended, err)
			}
			if ended, err := inPieces(&bareReplies{ring: r}, r.stream, piece); ended != 6 || err != nil {
				t.Errorf("%d bytes, bare, by %d: %d messages, %v", size, piece, ended, err)
			}
		}
	}
}

func TestCompressedRepliesAreInflated(t *testing.T) {
	r, in := testRing(t, 3000, 2, true), newInflater()
	first, err := deflate(r.messages[0])
	if err != nil {
		t.Fatal(err)
	}
	// Message 1 in stored blocks (RFC 1951 section 3.2.4).
	stored := append([]byte{0, 0xb8, 0x0b, 0x47, 0xf4}, r.messages[1]...)
	stored = append(stored, 0)
	replies := newFrameReplies(r, in)
	stream := append(serverFrame(0xc2, first), serverFrame(0x42, stored[:100])...)
	stream = append(stream, serverFrame(0x80, stored[100:])...)
	stream = append(stream, serverFrame(0x82, r.messages[0])...) // uncompressed is allowed
	if ended, err := inPieces(replies, stream, 999); ended != 3 || err != nil {
		t.Errorf("%d messages, %v", ended, err)
	}
	if len(in.known[0]) != 1 || len(in.known[1]) != 1 {
		t.Errorf("%d and %d known forms, want 1 and 1", len(in.known[0]), len(in.known[1]))
	}
	if _, err := replies.take(serverFrame(0xc2, first)); !errors.Is(err, ErrReply) {
		t.Errorf("message 0 instead of message 1: %v", err)
	}
}

func TestWrongReplies(t *testing.T) {
	r := testRing(t, 300, 2, false)
	right := r.messages[0]
	flipped := bytes.Clone(right)
	flipped[299] ^= 1
	for name, reply := range map[string][]byte{
		"another message":      serverFrame(0x82, r.messages[1]),
		"a changed byte":       serverFrame(0x82, flipped),
		"too short":            serverFrame(0x82, right[:299]),
		"too long":             serverFrame(0x82, append(bytes.Clone(right), 0)),
		"text":                 serverFrame(0x81, right),
		"continuation alone":   serverFrame(0x80, right),
		"interleaved":          append(serverFrame(0x02, right[:9]), serverFrame(0x82, right[9:])...),
		"RSV1 without deflate": serverFrame(0xc2, right),
		"RSV2":                 serverFrame(0xa2, right),
		"a close frame":        serverFrame(0x88, []byte{3, 0xe8}),
		"masked":               append([]byte{0x82, 0x85, 1, 2, 3, 4}, right[:5]...),
		"a negative length":    binary.BigEndian.AppendUint64([]byte{0x82, 127}, 1<<63),
	} {
		if _, err := newFrameReplies(r, nil).take(reply); !errors.Is(err, ErrReply) {
			t.Errorf("%s: %v", name, err)
		}
	}
	bare := bytes.Clone(r.stream)
	bare[10] ^= 1
	if _, err := (&bareReplies{ring: r}).take(bare); !errors.Is(err, ErrReply) {
		t.Errorf("bare, a changed byte: %v", err)
	}
}

func TestRepliesToPings(t *testing.T) {
	r, err := newRing(&Load{Message: octets(64), Variants: 2, Opcode: opPing})
	if err != nil {
		t.Fatal(err)
	}
	pongs := append(serverFrame(0x8a, r.messages[0]), serverFrame(0x89, []byte("ping"))...)
	pongs = append(pongs, serverFrame(0x8a, r.messages[1])...)
	for _, piece := range []int{1, 7, 1000} {
		if ended, err := inPieces(newFrameReplies(r, nil), pongs, piece); ended != 2 || err != nil {
			t.Errorf("by %d: %d messages, %v", piece, ended, err)
		}
	}
	for name, reply := range map[string][]byte{
		"another payload": serverFrame(0x8a, r.messages[1]),
		"no payload":      serverFrame(0x8a, nil),
		"not final":       serverFrame(0x0a, r.messages[0]),
		"a message":       serverFrame(0x82, r.messages[0]),
	} {
		if _, err := newFrameReplies(r, nil).take(reply); !errors.Is(err, ErrReply) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSameComparesBothEnds(t *testing.T) {
	want := octets(100000)(0)
	for _, at := range []int{0, 511, 99999} {
		got := bytes.Clone(want)
		got[at] ^= 1
		if same(got, want) {
			t.Errorf("a change of byte %d is not detected", at)
		}
	}
	if !same(bytes.Clone(want), want) {
		t.Error("equal bytes are reported as different")
	}
}
