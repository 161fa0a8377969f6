package wsproto

import (
	"crypto/sha1"
	"encoding/base64"
)

// acceptGUID is appended to the key before it is hashed (RFC 6455 section 1.3).
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// checkKey checks the Sec-WebSocket-Key of a request (section 4.2.1, item 5).
func checkKey(r *Request) *HandshakeError {
	if key, count := r.value("Sec-WebSocket-Key"); count != 1 || !isKey(key) {
		return Refuse(statusBadRequest, ReasonKey, "Sec-WebSocket-Key is %.60q%s; it must occur once and be 16 bytes in base64 (RFC 6455 section 4.1)", key, inFields(count))
	}
	return nil
}

// isKey reports whether s is 16 bytes in base64.
func isKey(s string) bool {
	var key [18]byte // the decoded length of 24 characters without padding
	if len(s) != 24 {
		return false
	}
	n, err := base64.StdEncoding.Decode(key[:], []byte(s))
	return n == 16 && err == nil
}

// acceptKey returns the Sec-WebSocket-Accept that answers a key (section 4.2.2, item 5.4).
func acceptKey(key string) string {
	var b [64]byte // on the stack: each handshake needs it for a moment
	sum := sha1.Sum(append(append(b[:0], key...), acceptGUID...))
	return string(base64.StdEncoding.AppendEncode(b[:0], sum[:]))
}
