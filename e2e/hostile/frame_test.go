//go:build linux

package main

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
)

// RFC 6455 section 5.7 has the first; section 5.2 has the encoding of the length.
func TestFrame(t *testing.T) {
	for _, test := range []struct {
		name   string
		first  byte
		length int
		want   string // how the frame begins
	}{
		{"short", fin | opText, 5, "\x81\x85\x37\xfa\x21\x3d"},
		{"largest of 7 bits", fin | opText, 125, "\x81\xfd\x37"},
		{"16 bits", opBinary, 126, "\x02\xfe\x00\x7e\x37"},
		{"64 bits", fin | rsv1 | opBinary, 1 << 16, "\xc2\xff\x00\x00\x00\x00\x00\x01\x00\x00\x37"},
	} {
		got := frame(test.first, make([]byte, test.length))
		if !strings.HasPrefix(string(got), test.want) {
			t.Errorf("%s: % x", test.name, got[:min(len(got), 16)])
		}
	}
	if got := frame(fin|opText, []byte("Hello")); string(got) != "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58" {
		t.Errorf("Hello: % x", got)
	}
}

func TestReadFrame(t *testing.T) {
	read := func(p string) (serverFrame, error) { return readFrame(bufio.NewReader(strings.NewReader(p))) }
	for _, test := range []struct {
		name, bytes string
		first       byte
		length      int
	}{
		{"short", "\x81\x05Hello", fin | opText, 5},
		{"16 bits", "\x82\x7e\x01\x00" + strings.Repeat("a", 256), fin | opBinary, 256},
		{"64 bits", "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00" + strings.Repeat("a", 1<<16), fin | opBinary, 1 << 16},
	} {
		got, err := read(test.bytes)
		if err != nil || got.first != test.first || len(got.payload) != test.length {
			t.Errorf("%s: %x, %d bytes, %v", test.name, got.first, len(got.payload), err)
		}
	}
	for name, bytes := range map[string]string{
		"masked":    "\x81\x80\x00\x00\x00\x00",
		"cut":       "\x81\x05Hel",
		"too large": "\x82\x7f\x00\x00\x00\x00\x00\x10\x00\x01",
	} {
		if got, err := read(bytes); err == nil {
			t.Errorf("%s: read as %v", name, got)
		}
	}
}

func TestCloseCode(t *testing.T) {
	if got := (serverFrame{fin | opClose, []byte{0x03, 0xe9, 'x'}}).closeCode(); got != 1001 {
		t.Errorf("the code is %d", got)
	}
	if got := (serverFrame{fin | opClose, nil}).closeCode(); got != 1005 {
		t.Errorf("without a code it is %d", got)
	}
}

func TestRepeat(t *testing.T) {
	if got := repeat([]byte("abc"), 8); !bytes.Equal(got, []byte("abcabc")) {
		t.Errorf("%q", got)
	}
	if got := repeat([]byte("abc"), 1); !bytes.Equal(got, []byte("abc")) {
		t.Errorf("%q", got)
	}
}
