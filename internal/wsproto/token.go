package wsproto

// tokenBytes has the bytes that may occur in a token (RFC 9110 section 5.6.2). It is a table
// because a request head can have tokens of many kilobytes.
var tokenBytes = func() (table [256]bool) {
	for _, c := range []byte("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
		table[c] = true
	}
	return table
}()

func isTokenByte(c byte) bool { return tokenBytes[c] }

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
