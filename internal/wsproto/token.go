package wsproto

import (
	"iter"
	"strings"
)

// isTokenByte reports whether c may occur in a token (RFC 9110 section 5.6.2).
func isTokenByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// IsToken reports whether s is a token (RFC 9110 section 5.6.2), as the name of a subprotocol
// must be (RFC 6455 section 4.1).
func IsToken(s string) bool {
	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

// listElements returns the elements of a comma-separated list, without the white space
// around them. Empty elements are ignored (RFC 9110 section 5.6.1.2). A comma in a quoted
// string separates too; parseExtensions is for lists that may have one.
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
