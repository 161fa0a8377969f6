package model

import "unicode/utf8"

// scanText returns the length of the longest prefix of p that is whole characters, and
// reports whether what follows cannot become UTF-8, whatever comes next (RFC 3629
// section 4).
func scanText(p []byte) (whole int, invalid bool) {
	for whole < len(p) {
		r, n := utf8.DecodeRune(p[whole:])
		if r == utf8.RuneError && n == 1 {
			return whole, utf8.FullRune(p[whole:])
		}
		whole += n
	}
	return whole, false
}

// isGoodbye reports whether text is the word, whatever the case of ASCII letters.
func isGoodbye(text []byte, word string) bool {
	if word == "" || len(text) != len(word) {
		return false
	}
	for i := range len(word) {
		a, b := text[i], word[i]
		if a != b && (a|0x20 != b|0x20 || a|0x20 < 'a' || a|0x20 > 'z') {
			return false
		}
	}
	return true
}
