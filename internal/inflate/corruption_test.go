package inflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/inflate/inflatetest"
)

// isCorrupt reports whether compress/flate found its input corrupt.
func isCorrupt(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.As(err, &corrupt)
}

// corruptStreams are corrupt at their last byte. In their dynamic blocks, unless the name
// says otherwise, the code length code is, first bit first: 00 for length 0, 01 for 1, 10
// for 2, and 11 for a run of zeros.
var corruptStreams = []struct {
	name string
	in   string
	out  string
	err  Corruption
}{
	{"a block of type 3", "\x06", "", ErrBlockType},
	{"the same with BFINAL", "\x07", "", ErrBlockType},
	{"the same after a fixed block", "\x4a\x04\x18", "a", ErrBlockType},
	{"LEN equals NLEN", "\x00\x05\x00\x05\x00", "", ErrStoredLength},
	{"one bit of NLEN is wrong", "\x00\x05\x00\xfa\xfe", "", ErrStoredLength},

	{"287 literals and lengths", "\xf4\x00\x00", "", ErrTooManyCodes},
	{"288 literals and lengths", "\xfc\x00\x00", "", ErrTooManyCodes},
	{"31 distances", "\x04\x1e\x00", "", ErrTooManyCodes},
	{"32 distances", "\x04\x1f\x00", "", ErrTooManyCodes},

	{"code lengths: three codes of 1 bit", "\x04\x20\x02\x24", "", ErrCodeLengthCode},
	{"code lengths: two codes of 2 bits", "\x04\x20\x00\x48", "", ErrCodeLengthCode},
	{"code lengths: one code of 2 bits", "\x04\x00\x00\x08", "", ErrCodeLengthCode},
	{"code lengths: no code", "\x04\x00\x00\x00", "", ErrCodeLengthSymbol},
	{"code lengths: one code of 1 bit, and its complement occurs", "\x04\x00\x80\x20", "", ErrCodeLengthSymbol},
	{"the first code length is a repeat", "\x04\x20\x02\x20\x01", "", ErrNoLengthToRepeat},
	{"zeros past the last length", "\x04\x20\x80\x20\xff\xff", "", ErrTooManyLengths},
	{"a repeat past the last length", "\x04\xc0\x25\x01\x00\x00\x00\x00\xa0\xff\xaf\x11", "", ErrTooManyLengths},

	{"literals: three codes of 1 bit", "\x04\xc0\x01\x09\x00\x00\x00\x80\x20\xfd\x7f\x5a\x00", "", ErrLiteralCode},
	{"literals: three codes of 2 bits", "\x04\xc0\x01\x09\x00\x00\x00\x80\xa0\xfa\x7f\x3a\x00", "", ErrLiteralCode},
	{"literals: one code of 2 bits", "\x04\xc0\x01\x09\x00\x00\x00\x80\xa0\xff\xaf\x03", "", ErrLiteralCode},
	{"literals: no end of block", "\x04\xc0\x01\x09\x00\x00\x00\x80\x20\xfd\xbf\x1a", "", ErrNoEndOfBlock},
	{"literals: no code", "\x04\xc0\x01\x09\x00\x00\x00\x80\xa0\xff\xaf\x01", "", ErrNoEndOfBlock},
	{"literals: only the end of block, and its complement occurs", "\x04\xc0\x01\x09\x00\x00\x00\x80\xa0\xff\xaf\x25", "", ErrLiteralSymbol},
	{"distances: three codes of 1 bit", "\x04\xc2\x01\x09\x00\x00\x00\x80\x20\xff\xaf\x56\x05", "", ErrDistanceCode},
	{"distances: two codes of 2 bits", "\x04\xc1\x01\x09\x00\x00\x00\x80\x20\xff\xaf\xb6\x00", "", ErrDistanceCode},
	{"distances: one code of 2 bits", "\x04\xc0\x01\x09\x00\x00\x00\x80\x20\xff\xaf\x36", "", ErrDistanceCode},
	{"distances: one code of 1 bit, and its complement occurs", "\x0c\xc0\x01\x09\x00\x00\x00\x80\xa0\xad\xfd\x3f\x91\x26", "a", ErrDistanceSymbol},
	{"distances: no code, and a length", "\x0c\xc0\x01\x09\x00\x00\x00\x80\xa0\xad\xfd\x3f\x91\x04", "a", ErrDistanceSymbol},

	{"fixed code: symbol 286", "\x1a\x03", "", ErrLiteralSymbol},
	{"fixed code: symbol 287", "\x1a\x07", "", ErrLiteralSymbol},
	{"fixed code: distance 30", "\x4a\x04\x3e", "a", ErrDistanceSymbol},
	{"fixed code: distance 31", "\x4a\x04\x7e", "a", ErrDistanceSymbol},
	{"a match before any output", "\x02\x02", "", ErrDistanceTooFar},
	{"a match 2 bytes back after one byte", "\x4a\x04\x42", "a", ErrDistanceTooFar},
}

// TestCorruptStreams_RFC1951 checks that each stream is rejected for the right reason, at
// the byte that proves it, and that compress/flate agrees unless there is no end of block.
func TestCorruptStreams_RFC1951(t *testing.T) {
	for _, test := range corruptStreams {
		in := []byte(test.in)
		if _, _, err := inflatetest.Inflate(in); !isCorrupt(err) && test.err != ErrNoEndOfBlock {
			t.Errorf("%s: compress/flate returns %v", test.name, err)
		}
		if _, _, status := inflateInCuts(t, newInflater(), in[:len(in)-1], nil); status != NeedInput {
			t.Errorf("%s: %v one byte before", test.name, status)
		}
		// Once at the end of the input, and once with so much after it that fastSymbols runs.
		for _, in := range [][]byte{in, append(bytes.Clone(in), make([]byte, 50)...)} {
			for _, cuts := range everyCut(len(in)) {
				f := newInflater()
				out, used, status := inflateInCuts(t, f, in, cuts)
				if status != Corrupt || f.Err() != test.err || string(out) != test.out {
					t.Errorf("%s: %v, %v, after %q", test.name, status, f.Err(), out)
				}
				if len(cuts) > 0 && cuts[0] == 0 && used > len(test.in) {
					t.Errorf("%s: found at byte %d, want %d", test.name, used, len(test.in))
				}
			}
		}
		if text := test.err.Error(); len(text) > 80 || !strings.Contains(text, "RFC 1951 section 3.2.") {
			t.Errorf("%s: the text is %q", test.name, text)
		}
	}
}

// TestUnusualStreams_RFC1951 checks that streams which resemble corrupt ones are accepted.
func TestUnusualStreams_RFC1951(t *testing.T) {
	tests := []struct{ name, in, out string }{
		{"a code with only the end of block (section 3.2.7)", "\x05\xc0\x01\x09\x00\x00\x00\x80\xa0\xff\xaf\x05", ""},
		{"distances: one code of 1 bit", "\x0d\xc0\x01\x09\x00\x00\x00\x80\xa0\xad\xfd\x3f\x91\xc6", "aaaa"},
		{"distances: no code, and no length", "\x0d\xc0\x01\x09\x00\x00\x00\x80\xa0\xad\xfd\x3f\x91\x34", "a"},
		{"a repeat that crosses from the literals to the distances", "\x0d\xc1\x05\x09\x00\x00\x00\x00\xa0\xff\xaf\x0d", ""},
		{"codes of 11 bits for a literal and the end of block", "\x05\xc0\xc1\x8d\x24\x49\x12\x04\x41\x51\xf3\xc8\xea\x59\xfe\x09\xbe\x43\xff\xf3\xdf\xff\x01", "\x01\xff\x00\x09"},
		{"a match that overlaps its own output", "\x4b\x1c\x05\x00", string(bytes.Repeat([]byte("a"), 259))},
		{"an empty stored block", "\x01\x00\x00\xff\xff", ""},
	}
	for _, test := range tests {
		in := []byte(test.in)
		if out, _, err := inflatetest.Inflate(in); err != nil || string(out) != test.out {
			t.Errorf("%s: compress/flate returns %q, %v", test.name, out, err)
		}
		for _, in := range [][]byte{in, append(bytes.Clone(in), make([]byte, 50)...)} {
			for _, cuts := range everyCut(len(in)) {
				f := newInflater()
				if out, used, status := inflateInCuts(t, f, in, cuts); status != StreamEnd || string(out) != test.out || used != len(test.in) {
					t.Errorf("%s: %v, %v, %q, used %d", test.name, status, f.Err(), out, used)
				}
			}
		}
	}
}
