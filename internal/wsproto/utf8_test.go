package wsproto

import (
	"testing"
	"unicode/utf8"
)

// checkInCuts checks text in pieces that end at the given positions.
func checkInCuts(text []byte, cuts ...int) bool {
	var c utf8Checker
	last := 0
	for _, cut := range append(cuts, len(text)) {
		if !c.check(text[last:cut]) {
			return false
		}
		last = cut
	}
	return c.complete()
}

// utf8Samples has characters of each length at the edges of their ranges, and invalid ones:
// surrogates, overlong forms, too large, incomplete, stray bytes.
var utf8Samples = []string{
	"", "a", "\x7f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\ufffd", "\uffff", "\U00010000", "\U0010ffff", "κόσμε",
	"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2a", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xe0\xa0", "\xe1\x80a", "\xed\xa0\x80", "\xed\xbf\xbf",
	"\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80", "\xf0\x90\x80a", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff",
}

// TestUTF8InCuts_Section8_1 compares the checker with unicode/utf8, for every pair of
// samples, cut at every two positions.
func TestUTF8InCuts_Section8_1(t *testing.T) {
	for _, a := range utf8Samples {
		for _, b := range utf8Samples {
			text := []byte(a + b)
			for i := range len(text) + 1 {
				for j := i; j <= len(text); j++ {
					if got, want := checkInCuts(text, i, j), utf8.Valid(text); got != want {
						t.Fatalf("%q cut at %d and %d: valid is %v, want %v", text, i, j, got, want)
					}
				}
			}
		}
	}
}

// TestUTF8FailsAtTheFirstBadByte_Section8_1 checks that text is rejected at the first byte
// after which it cannot be valid, not at its end.
func TestUTF8FailsAtTheFirstBadByte_Section8_1(t *testing.T) {
	tests := []struct {
		text string
		bad  int // index of that byte
	}{
		{"κόσμε\xed\xa0\x80", 11}, // Autobahn 6.3: the second byte proves a surrogate
		{"κόσμε\xf4\x90\x80\x80", 11},
		{"ab\x80", 2},
		{"\xc0\xaf", 0},
		{"\xe0\x80", 1},
		{"\xf0\x80", 1},
		{"\xe1\x80\xc0", 2},
		{"\xf5", 0},
	}
	for _, test := range tests {
		var c utf8Checker
		for i := range len(test.text) {
			if ok := c.check([]byte(test.text[i : i+1])); ok != (i < test.bad) {
				t.Errorf("%q: byte %d is accepted: %v", test.text, i, ok)
			}
			if i == test.bad {
				break
			}
		}
	}
}
