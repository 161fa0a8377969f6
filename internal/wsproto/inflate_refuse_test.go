package wsproto

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"testing"
)

// flateVerdict is what compress/flate makes of a stream: the output, how many bytes it has
// taken, and nil at the end of the stream, io.ErrUnexpectedEOF or a flate.CorruptInputError.
func flateVerdict(in []byte) (out []byte, used int, err error) {
	source := bytes.NewReader(in)
	out, err = io.ReadAll(flate.NewReader(source))
	return out, len(in) - source.Len(), err
}

// isCorrupt says whether compress/flate found its input corrupt.
func isCorrupt(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.As(err, &corrupt)
}

// refusedStreams are corrupt at their last byte, and have no output but what is given.
// In the dynamic blocks of codes below, the code length code is, first bit first, 00 for
// the length 0, 01 for 1, 10 for 2, and 11 for a run of zeros, unless it says otherwise.
var refusedStreams = []struct {
	name  string
	in    string
	out   string
	fault corruption
}{
	{"a block of type 3", "\x06", "", reservedBlockType},
	{"the same with BFINAL", "\x07", "", reservedBlockType},
	{"the same behind a fixed block", "\x4a\x04\x18", "a", reservedBlockType},
	{"LEN is NLEN", "\x00\x05\x00\x05\x00", "", storedLengthMismatch},
	{"one bit of NLEN", "\x00\x05\x00\xfa\xfe", "", storedLengthMismatch},

	{"287 literals and lengths", "\xf4\x00\x00", "", tooManySymbols},
	{"288 literals and lengths", "\xfc\x00\x00", "", tooManySymbols},
	{"31 distances", "\x04\x1e\x00", "", tooManySymbols},
	{"32 distances", "\x04\x1f\x00", "", tooManySymbols},

	{"code lengths: three codes of 1 bit", "\x04\x20\x02\x24", "", invalidLengthsCode},
	{"code lengths: two codes of 2 bits", "\x04\x20\x00\x48", "", invalidLengthsCode},
	{"code lengths: one code of 2 bits", "\x04\x00\x00\x08", "", invalidLengthsCode},
	{"code lengths: no code at all", "\x04\x00\x00\x00", "", invalidLength},
	{"code lengths: one code of 1 bit, and the other bit", "\x04\x00\x80\x20", "", invalidLength},
	{"the first code length is a repeat", "\x04\x20\x02\x20\x01", "", nothingToRepeat},
	{"zeros beyond the end", "\x04\x20\x80\x20\xff\xff", "", tooManyLengths},
	{"a repeat beyond the end", "\x04\xc0\x25\x01\x00\x00\x00\x00\xa0\xff\xaf\x11", "", tooManyLengths},

	{"literals: three codes of 1 bit", "\x04\xc0\x01\x09\x00\x00\x00\x80\x20\xfd\x7f\x5a\x00", "", invalidLitlenCode},
	{"literals: three codes of 2 bits", "\x04\xc0\x01\x09\x00\x00\x00\x80\xa0\xfa\x7f\x3a\x00", "", invalidLitlenCode},
	{"literals: one code of 2 bits", "\x04\xc0\x01\x09\x00\x00\x00\x80\xa0\xff\xaf\x03", "", invalidLitlenCode},
	{"literals: no end of the block", "\x04\xc0\x01\x09\x00\x00\x00\x80\x20\xfd\xbf\x1a", "", noEndOfBlock},
	{"literals: no code at all", "\x04\xc0\x01\x09\x00\x00\x00\x80\xa0\xff\xaf\x01", "", noEndOfBlock},
	{"literals: the end only, and the other bit", "\x04\xc0\x01\x09\x00\x00\x00\x80\xa0\xff\xaf\x25", "", invalidSymbol},
	{"distances: three codes of 1 bit", "\x04\xc2\x01\x09\x00\x00\x00\x80\x20\xff\xaf\x56\x05", "", invalidDistCode},
	{"distances: two codes of 2 bits", "\x04\xc1\x01\x09\x00\x00\x00\x80\x20\xff\xaf\xb6\x00", "", invalidDistCode},
	{"distances: one code of 2 bits", "\x04\xc0\x01\x09\x00\x00\x00\x80\x20\xff\xaf\x36", "", invalidDistCode},
	{"distances: one code of 1 bit, and the other bit", "\x0c\xc0\x01\x09\x00\x00\x00\x80\xa0\xad\xfd\x3f\x91\x26", "a", invalidDistance},
	{"distances: no code at all, and a length", "\x0c\xc0\x01\x09\x00\x00\x00\x80\xa0\xad\xfd\x3f\x91\x04", "a", invalidDistance},

	{"fixed code: symbol 286", "\x1a\x03", "", invalidSymbol},
	{"fixed code: symbol 287", "\x1a\x07", "", invalidSymbol},
	{"fixed code: distance 30", "\x4a\x04\x3e", "a", invalidDistance},
	{"fixed code: distance 31", "\x4a\x04\x7e", "a", invalidDistance},
	{"a match before any output", "\x02\x02", "", distanceTooFar},
	{"a match 2 bytes back behind one", "\x4a\x04\x42", "a", distanceTooFar},
}

// TestInflateRefuses_RFC1951: each with the reason, at the byte where it is certain, as
// compress/flate does but for blocks without an end.
func TestInflateRefuses_RFC1951(t *testing.T) {
	for _, test := range refusedStreams {
		in := []byte(test.in)
		if _, _, err := flateVerdict(in); !isCorrupt(err) && test.fault != noEndOfBlock {
			t.Errorf("%s: compress/flate says %v", test.name, err)
		}
		if _, _, status := inflateInCuts(t, newInflater(), in[:len(in)-1], nil); status != inflateNeedsInput {
			t.Errorf("%s: status %d one byte before", test.name, status)
		}
		// Once at the end of the input, and once with so much behind it that the fast loop runs.
		for _, in := range [][]byte{in, append(bytes.Clone(in), make([]byte, 50)...)} {
			for _, cuts := range everyCut(len(in)) {
				f := newInflater()
				out, used, status := inflateInCuts(t, f, in, cuts)
				if status != inflateCorrupt || f.fault != test.fault || string(out) != test.out {
					t.Errorf("%s: status %d, %v, with %q before", test.name, status, f.fault, out)
				}
				if len(cuts) > 0 && cuts[0] == 0 && used > len(test.in) {
					t.Errorf("%s: seen at byte %d, want %d", test.name, used, len(test.in))
				}
			}
		}
		if reason := test.fault.String(); len(reason) > maxControlPayload-2 {
			t.Errorf("a reason of %d bytes does not fit in a close frame", len(reason))
		}
	}
}

// TestInflateAccepts_RFC1951: what looks like it, and is not to be refused.
func TestInflateAccepts_RFC1951(t *testing.T) {
	tests := []struct{ name, in, out string }{
		{"a code of the end only (section 3.2.7)", "\x05\xc0\x01\x09\x00\x00\x00\x80\xa0\xff\xaf\x05", ""},
		{"distances: one code of 1 bit", "\x0d\xc0\x01\x09\x00\x00\x00\x80\xa0\xad\xfd\x3f\x91\xc6", "aaaa"},
		{"distances: no code at all, and no length", "\x0d\xc0\x01\x09\x00\x00\x00\x80\xa0\xad\xfd\x3f\x91\x34", "a"},
		{"a repeat from the literals into the distances", "\x0d\xc1\x05\x09\x00\x00\x00\x00\xa0\xff\xaf\x0d", ""},
		{"codes of 11 bits for a literal and the end of the block", "\x05\xc0\xc1\x8d\x24\x49\x12\x04\x41\x51\xf3\xc8\xea\x59\xfe\x09\xbe\x43\xff\xf3\xdf\xff\x01", "\x01\xff\x00\x09"},
		{"a match that makes what it repeats", "\x4b\x1c\x05\x00", string(bytes.Repeat([]byte("a"), 259))},
		{"a stored block of no bytes", "\x01\x00\x00\xff\xff", ""},
	}
	for _, test := range tests {
		in := []byte(test.in)
		if out, _, err := flateVerdict(in); err != nil || string(out) != test.out {
			t.Errorf("%s: compress/flate says %q, %v", test.name, out, err)
		}
		for _, in := range [][]byte{in, append(bytes.Clone(in), make([]byte, 50)...)} {
			for _, cuts := range everyCut(len(in)) {
				f := newInflater()
				if out, used, status := inflateInCuts(t, f, in, cuts); status != inflateStreamEnd || string(out) != test.out || used != len(test.in) {
					t.Errorf("%s: status %d, %v, %q, used %d", test.name, status, f.fault, out, used)
				}
			}
		}
	}
}

// TestInflateWindowOf256Bytes_RFC7692Section7_1_2: a distance of 256 is the furthest with 8
// bits, behind 259 bytes of output.
func TestInflateWindowOf256Bytes_RFC7692Section7_1_2(t *testing.T) {
	var f inflater
	f.reset(8, nil)
	if out, _, status := inflateInCuts(t, &f, []byte("\x4a\x1c\x05\x40\xff\x03\x00"), nil); status != inflateNeedsInput || len(out) != 262 {
		t.Errorf("256 bytes back: status %d, %d bytes", status, len(out))
	}
	f.reset(8, nil)
	if _, _, status := inflateInCuts(t, &f, []byte("\x4a\x1c\x05\xc0\x00\x00\x00"), nil); status != inflateCorrupt || f.fault != distanceTooFar {
		t.Errorf("257 bytes back: status %d, %v", status, f.fault)
	}
}
