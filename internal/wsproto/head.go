package wsproto

import "bytes"

// Limits of a request head. They apply to plain HTTP requests too, since only a complete head
// shows what the client wants.
const (
	// MaxLine is the longest request line or header field, in bytes with its line end.
	MaxLine = 64 << 10
	// MaxHead is the longest request head, in bytes with the blank line that ends it.
	MaxHead = 128 << 10
	// MaxFields is the largest number of header fields.
	MaxFields = 128
	// MaxEmptyLines is the largest number of empty lines before the request line. Some
	// clients end a body with a CR LF that is not part of it (RFC 9112 section 2.2).
	MaxEmptyLines = 4
)

// Limits of the lists in an upgrade, so that a request head of MaxHead bytes takes about as
// much time as any other. Browsers offer one or two extensions with two parameters. Every
// comma or semicolon counts, even between empty elements.
const (
	// MaxElements is the largest number of elements of Upgrade, Connection and
	// Sec-WebSocket-Protocol, each in all fields of that name.
	MaxElements = 64
	// MaxSubprotocol is the longest subprotocol that is selected, in bytes. The response repeats
	// it, and must fit into a buffer together with what else is sent. Some clients offer a token.
	MaxSubprotocol = 4 << 10
	// MaxExtensions is the largest number of extensions that are offered.
	MaxExtensions = 16
	// MaxExtensionParams is the largest number of parameters of all of them.
	MaxExtensionParams = 64
)

// Head finds the end of a request head that arrives in pieces. It looks at each byte once,
// so many small pieces take no more time than one. The zero value is ready to use.
type Head struct {
	scanned int32 // bytes that need not be looked at again
	line    int32 // where the current line begins
	lines   int32 // complete lines, including the request line
	empty   int32 // lines before the request line
}

// Scan looks for the end of the request head in head, which is everything that has arrived,
// from the first byte of the connection. It returns the length of the request head, with the
// empty lines before it and the blank line that ends it, or 0 if more has to arrive. It rejects a
// head as soon as it cannot become valid. Scan must not be called again after it has returned a
// length or an error.
func (h *Head) Scan(head []byte) (int, *HandshakeError) {
	if err := h.skipEmptyLines(head); err != nil {
		return 0, err
	}
	for {
		i := bytes.IndexByte(head[h.scanned:], '\n')
		if i < 0 {
			h.scanned = int32(len(head))
			return 0, h.checkSize(len(head)-int(h.line), len(head))
		}
		end := int(h.scanned) + i + 1
		line := head[h.line:end]
		if err := h.checkSize(len(line), end); err != nil {
			return 0, err
		}
		if !bytes.HasSuffix(line, crlf) {
			return 0, Refuse(statusBadRequest, ReasonMalformed, "line %d of the request head ends with LF; HTTP lines end with CR LF (RFC 9112 section 2.2)", h.lines+1)
		}
		h.scanned, h.line = int32(end), int32(end)
		h.lines++
		if len(line) == len(crlf) {
			return end, nil
		}
		if h.lines > 1+MaxFields {
			return 0, Refuse(statusFieldsTooLarge, ReasonTooLarge, "the request has more than %d header fields, the limit of this server", MaxFields)
		}
	}
}

// skipEmptyLines skips the empty lines before the request line, and rejects a request line
// that does not begin with a method.
func (h *Head) skipEmptyLines(head []byte) *HandshakeError {
	if h.lines > 0 {
		return nil
	}
	for bytes.HasPrefix(head[h.line:], crlf) {
		if h.empty == MaxEmptyLines {
			return Refuse(statusBadRequest, ReasonMalformed, "the request line comes after more than %d empty lines, the limit of this server", MaxEmptyLines)
		}
		h.empty++
		h.line += int32(len(crlf))
		h.scanned = max(h.scanned, h.line)
	}
	if first := head[h.line:]; len(first) > 0 && !isTokenByte(first[0]) && (len(first) > 1 || first[0] != '\r') {
		reason := ReasonMalformed
		if first[0] == tlsHandshake {
			reason = ReasonTLS
		}
		return Refuse(statusBadRequest, reason, "this is not an HTTP request: it begins with byte 0x%02x (TLS on a port without TLS begins with 0x16)", first[0])
	}
	return nil
}

// tlsHandshake is the first byte of a TLS connection (RFC 8446 section 5.1).
const tlsHandshake = 0x16

// TrimEmptyLines returns head without the empty lines before the request line. [Head.Scan]
// limits their number.
func TrimEmptyLines(head []byte) []byte {
	for bytes.HasPrefix(head, crlf) {
		head = head[len(crlf):]
	}
	return head
}

// checkSize rejects a line or a head over the limit. line and head are their lengths so far,
// in bytes.
func (h *Head) checkSize(line, head int) *HandshakeError {
	switch {
	case line > MaxLine && h.lines == 0:
		return Refuse(statusURITooLong, ReasonTooLarge, "the request line has more than %d bytes, the limit of this server", MaxLine)
	case line > MaxLine:
		return Refuse(statusFieldsTooLarge, ReasonTooLarge, "a header field has more than %d bytes, the limit of this server", MaxLine)
	case head > MaxHead:
		return Refuse(statusFieldsTooLarge, ReasonTooLarge, "the request head has more than %d bytes, the limit of this server", MaxHead)
	}
	return nil
}

var crlf = []byte("\r\n")
