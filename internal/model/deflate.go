package model

import (
	"bytes"
	"compress/flate"
	"io"
)

// window is how far back DEFLATE refers at most (RFC 1951 section 2).
const window = 32 << 10

// flushTail is what a sender removes from the end of a compressed message (RFC 7692
// section 7.2.1).
const flushTail = "\x00\x00\xff\xff"

// inflate inflates the beginning of a message. history is the plain text that it may refer
// to. The text before a corrupt place is returned too.
func inflate(compressed, history []byte) (plain []byte, corrupt bool) {
	plain, _, corrupt = inflateBlocks(compressed, history)
	return plain, corrupt
}

// inflateBlocks is like inflate. A block with BFINAL set ends a DEFLATE stream, and the next
// byte begins another in the same message (RFC 7692 section 7.2.3.4). ended reports
// whether the last byte was the last of such a block.
func inflateBlocks(compressed, history []byte) (plain []byte, ended, corrupt bool) {
	in := bytes.NewReader(compressed)
	for {
		dict := append(bytes.Clone(history), plain...)
		r := flate.NewReaderDict(in, dict[max(0, len(dict)-window):])
		out, err := io.ReadAll(r)
		plain = append(plain, out...)
		switch {
		case err == io.ErrUnexpectedEOF:
			return plain, false, false
		case err != nil:
			return plain, false, true
		case in.Len() == 0:
			return plain, true, false
		}
	}
}

// mayEnd reports whether a message that inflates to plain may end here: with a block that
// has BFINAL set, or where the removed tail completes an empty stored block. After
// the tail a block must begin, which is tried with two that are told apart.
func mayEnd(compressed, history, plain []byte) bool {
	if _, ended, _ := inflateBlocks(compressed, history); ended {
		return true
	}
	for _, next := range []struct{ block, text string }{
		{"\x01\x00\x00\xff\xff", ""},
		{"\x01\x01\x00\xfe\xffA", "A"},
	} {
		got, ended, _ := inflateBlocks(append(bytes.Clone(compressed), flushTail+next.block...), history)
		if !ended || string(got) != string(plain)+next.text {
			return false
		}
	}
	return true
}
