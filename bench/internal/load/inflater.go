package load

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
)

// inflater checks compressed replies. Without context the same message is compressed to
// the same bytes, so it inflates what it has not seen and remembers what was right.
type inflater struct {
	known map[int][][]byte // by message: compressed forms of it
}

func newInflater() *inflater { return &inflater{known: map[int][][]byte{}} }

// maxKnown is how many forms of a message are remembered.
const maxKnown = 16

// check compares what the compressed bytes hold with the message, which is the index-th.
func (in *inflater) check(index int, compressed, message []byte) error {
	for _, known := range in.known[index] {
		if bytes.Equal(known, compressed) {
			return nil
		}
	}
	// RFC 7692 section 7.2.2: the end that the sender took off; then an empty final
	// block, for which the reader would ask.
	tail := "\x00\x00\xff\xff\x01\x00\x00\xff\xff"
	got, err := io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(compressed), bytes.NewReader([]byte(tail)))))
	if err != nil || !bytes.Equal(got, message) {
		return fmt.Errorf("%w: %d compressed bytes are not message %d (%v)", ErrReply, len(compressed), index, err)
	}
	if len(in.known[index]) < maxKnown {
		in.known[index] = append(in.known[index], bytes.Clone(compressed))
	}
	return nil
}
