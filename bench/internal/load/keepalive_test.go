package load

import (
	"errors"
	"testing"
)

func TestParsePing(t *testing.T) {
	for _, test := range []struct{ stream, payload, rest string }{
		{"\x89\x00", "", ""},
		{"\x89\x02hi", "hi", ""},
		{"\x89\x01a\x89\x00", "a", "\x89\x00"},
	} {
		payload, rest, ok, err := parsePing([]byte(test.stream))
		if string(payload) != test.payload || string(rest) != test.rest || !ok || err != nil {
			t.Errorf("%q: %q, %q, %v, %v", test.stream, payload, rest, ok, err)
		}
	}
	for _, stream := range []string{"", "\x89", "\x89\x02h"} {
		if _, _, ok, err := parsePing([]byte(stream)); ok || err != nil {
			t.Errorf("incomplete %q: %v, %v", stream, ok, err)
		}
	}
	for _, stream := range []string{"\x82\x00", "\x09\x00", "\x89\x80", "\x89\x7e"} {
		if _, _, _, err := parsePing([]byte(stream)); !errors.Is(err, ErrReply) {
			t.Errorf("%q: %v, want ErrReply", stream, err)
		}
	}
}
