package load

import (
	"bytes"
	"compress/flate"

	"github.com/echosvc/echosvc/internal/wstest"
)

// A ring is the messages that every connection of a load sends, one after another and
// again from the first.
type ring struct {
	opcode   byte
	messages [][]byte // as the application has them
	lengths  []int    // of the frames, in bytes
	size     int      // of all frames, in bytes
	stream   []byte   // the frames twice, so that those in flight are always one slice
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
		frame := wstest.FrameWithKey(first, string(payload), key)
		r.messages = append(r.messages, message)
		r.lengths = append(r.lengths, len(frame))
		r.stream = append(r.stream, frame...)
	}
	r.size = len(r.stream)
	r.stream = append(r.stream, r.stream...)
	return r, nil
}

// deflate compresses a message of its own, without context (RFC 7692 section 7.2.1).
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
