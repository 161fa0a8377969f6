package load

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
)

// An inflater checks compressed replies. Without context takeover a server compresses a message to
// the same bytes each time, so known forms need not be inflated again.
type inflater struct {
	known map[int][][]byte // the compressed forms of each message
}

func newInflater() *inflater { return &inflater{known: map[int][][]byte{}} }

// maxKnown is how many forms of a message are kept.
const maxKnown = 16

// check compares the compressed bytes with message, whose index is given.
func (in *inflater) check(index int, compressed, message []byte) error {
	for _, known := range in.known[index] {
		if bytes.Equal(known, compressed) {
			return nil
		}
	}
	// The four octets that the sender removed (RFC 7692 section 7.2.2), and an empty final block
	// to end the stream.
	tail := "\x00\x00\xff\xff\x01\x00\x00\xff\xff"
	got, err := io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(compressed), bytes.NewReader([]byte(tail)))))
	if err != nil || !bytes.Equal(got, message) {
		return fmt.Errorf("%w: %d compressed bytes do not inflate to message %d (%v)", ErrReply, len(compressed), index, err)
	}
	if len(in.known[index]) < maxKnown {
		in.known[index] = append(in.known[index], bytes.Clone(compressed))
	}
	return nil
}
