package wsproto

import (
	"iter"
	"strings"
)

// isTokenByte says whether c may stand in a token (RFC 9110 section 5.6.2). These
// are also the characters of a subprotocol's name (RFC 6455 section 4.1).
func isTokenByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// IsToken says whether s is a token: not empty, and token characters throughout. The
// name of a subprotocol is one.
func IsToken(s string) bool {
	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

// listElements gives the elements of a comma-separated list without the white
// space around them. Empty elements count for nothing (RFC 9110 section 5.6.1.2).
// Commas within quoted strings are not understood; see parseExtensions for a list
// that may have them.
func listElements(list string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for element := range strings.SplitSeq(list, ",") {
			element = strings.Trim(element, " \t")
			if element != "" && !yield(element) {
				return
			}
		}
	}
}
