package wsproto

import "bytes"

// Limits of a request head. They are the same for a plain HTTP request on the
// WebSocket port: whoever sends more is answered with 414 or 431.
const (
	// MaxLine is the longest request line or header field line, in bytes, with its line end.
	MaxLine = 16 << 10
	// MaxHead is the longest request head, in bytes, with the blank line that ends it.
	MaxHead = 32 << 10
	// MaxFields is how many header fields a request head may have.
	MaxFields = 128
)

// Head finds the end of a request head whose bytes arrive in any cuts. It looks
// at each byte once, so the time is linear in the bytes however they arrive. The
// zero value is ready.
type Head struct {
	scanned int32 // bytes that have been looked at
	line    int32 // where the current line begins
	lines   int32 // complete lines, the request line among them
}

// Scan looks at head, which is everything that has arrived so far, from the
// request's first byte on. It returns the length of the head, with the blank line
// that ends it, or 0 while there is more to come. A head that cannot become a
// valid one is refused at once. After a refusal or an end, Head must not be used
// again.
func (h *Head) Scan(head []byte) (int, *Refusal) {
	if len(head) > 0 && !isTokenByte(head[0]) {
		return 0, refuse(statusBadRequest, "this is not an HTTP request: it begins with byte 0x%02x (TLS on a port without TLS begins with 0x16)", head[0])
	}
	for {
		i := bytes.IndexByte(head[h.scanned:], '\n')
		if i < 0 {
			h.scanned = int32(len(head))
			return 0, h.checkSize(len(head)-int(h.line), len(head))
		}
		end := int(h.scanned) + i + 1
		line := head[h.line:end]
		if refusal := h.checkSize(len(line), end); refusal != nil {
			return 0, refusal
		}
		if !bytes.HasSuffix(line, crlf) {
			return 0, refuse(statusBadRequest, "line %d of the request head ends with LF alone; HTTP lines end with CR LF", h.lines+1)
		}
		h.scanned, h.line = int32(end), int32(end)
		h.lines++
		if len(line) == len(crlf) {
			return end, nil
		}
		if h.lines > 1+MaxFields {
			return 0, refuse(statusFieldsTooLarge, "the request has more than %d header fields, which is the limit of this server", MaxFields)
		}
	}
}

// checkSize refuses a line or a head that is over the limit. line and head are
// their lengths so far, in bytes.
func (h *Head) checkSize(line, head int) *Refusal {
	switch {
	case line > MaxLine && h.lines == 0:
		return refuse(statusURITooLong, "the request line is over %d bytes, which is the limit of this server", MaxLine)
	case line > MaxLine:
		return refuse(statusFieldsTooLarge, "a header field is over %d bytes, which is the limit of this server", MaxLine)
	case head > MaxHead:
		return refuse(statusFieldsTooLarge, "the request head is over %d bytes, which is the limit of this server", MaxHead)
	}
	return nil
}

var crlf = []byte("\r\n")
