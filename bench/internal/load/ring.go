package load

import (
	"bytes"
	"compress/flate"

	"github.com/echosvc/echosvc/internal/wstest"
)

// A ring holds the messages that every connection of a load sends in a cycle.
type ring struct {
	opcode   byte
	messages [][]byte // before framing and compression
	lengths  []int    // of the frames of each message, in bytes
	size     int      // of all frames, in bytes
	stream   []byte   // the frames twice, so that any run of frames is one slice
}

func newRing(l *Load) (*ring, error) {
	r := &ring{opcode: l.Opcode}
	for i := range l.Variants {
		message := l.Message(i)
		first, payload := 0x80|l.Opcode, message
		if l.Compressed {
			var err error
			if payload, err = deflate(message); err != nil {
				return nil, err
			}
			first |= 0x40 // RSV1, RFC 7692 section 6
		}
		key := [4]byte{byte(17 * i), 0x9c, byte(i) ^ 0x5a, 0xe3}
		frames := fragments(first, payload, max(l.Fragments, 1), key)
		r.messages = append(r.messages, message)
		r.lengths = append(r.lengths, len(frames))
		r.stream = append(r.stream, frames...)
	}
	r.size = len(r.stream)
	r.stream = append(r.stream, r.stream...)
	return r, nil
}

// fragments returns a message in n frames (RFC 6455 section 5.4). first is the first byte of the
// message if it were one frame.
func fragments(first byte, payload []byte, n int, key [4]byte) (frames []byte) {
	const fin = 0x80
	first &^= fin
	for size := len(payload) / n; n > 1; n-- {
		frames = append(frames, wstest.FrameWithKey(first, string(payload[:size]), key)...)
		payload, first = payload[size:], 0
	}
	return append(frames, wstest.FrameWithKey(fin|first, string(payload), key)...)
}

// deflate compresses a message without context takeover (RFC 7692 section 7.2.1).
func deflate(message []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.DefaultCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(message); err != nil {
		return nil, err
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{0, 0, 0xff, 0xff}), nil
}
