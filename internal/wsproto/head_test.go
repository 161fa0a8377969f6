package wsproto

import (
	"strings"
	"testing"
)

// exampleRequest is the request of RFC 6455 section 1.3.
const exampleRequest = "GET /chat HTTP/1.1\r\n" +
	"Host: server.example.com\r\n" +
	"Upgrade: websocket\r\n" +
	"Connection: Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
	"Origin: http://example.com\r\n" +
	"Sec-WebSocket-Protocol: chat, superchat\r\n" +
	"Sec-WebSocket-Version: 13\r\n\r\n"

func TestHeadEndsAtTheBlankLine(t *testing.T) {
	var h Head
	n, err := h.Scan([]byte(exampleRequest + "\x81\x80abcd"))
	if n != len(exampleRequest) || err != nil {
		t.Fatalf("Scan = %d, %v; want %d", n, err, len(exampleRequest))
	}
}

func TestHeadArrivesByteByByte(t *testing.T) {
	var h Head
	for i := range len(exampleRequest) {
		if n, err := h.Scan([]byte(exampleRequest[:i])); n != 0 || err != nil {
			t.Fatalf("after %d bytes: Scan = %d, %v; want 0", i, n, err)
		}
	}
	if n, err := h.Scan([]byte(exampleRequest)); n != len(exampleRequest) || err != nil {
		t.Fatalf("Scan = %d, %v; want %d", n, err, len(exampleRequest))
	}
}

func TestHeadLimits(t *testing.T) {
	line := "GET / HTTP/1.1\r\n"
	field := func(size int) string { return "X: " + strings.Repeat("x", size-len("X: \r\n")) + "\r\n" }
	target := func(size int) string {
		return "GET /" + strings.Repeat("x", size-len("GET / HTTP/1.1\r\n")) + " HTTP/1.1\r\n"
	}
	headOf := func(size int) string {
		half := (size - len(line) - len("\r\n")) / 2
		return line + field(half) + field(size-len(line)-len("\r\n")-half) + "\r\n"
	}
	tests := []struct {
		name   string
		head   string
		status int // 0 if there is no error
		reason Reason
	}{
		{"request line at the limit", target(MaxLine) + "\r\n", 0, ""},
		{"request line over the limit", target(MaxLine+1) + "\r\n", 414, ReasonTooLarge},
		{"request line without an end", "GET /" + strings.Repeat("x", MaxLine), 414, ReasonTooLarge},
		{"field at the limit", line + field(MaxLine) + "\r\n", 0, ""},
		{"field over the limit", line + field(MaxLine+1) + "\r\n", 431, ReasonTooLarge},
		{"field without an end", line + "X: " + strings.Repeat("x", MaxLine), 431, ReasonTooLarge},
		{"field of 1 MiB", line + field(1<<20) + "\r\n", 431, ReasonTooLarge},
		{"head at the limit", headOf(MaxHead), 0, ""},
		{"head over the limit", headOf(MaxHead + 1), 431, ReasonTooLarge},
		{"fields at the limit", line + strings.Repeat("A: b\r\n", MaxFields) + "\r\n", 0, ""},
		{"fields over the limit", line + strings.Repeat("A: b\r\n", MaxFields+1) + "\r\n", 431, ReasonTooLarge},
		{"2,000 fields", line + strings.Repeat("A: b\r\n", 2000) + "\r\n", 431, ReasonTooLarge},
		{"LF alone", "GET / HTTP/1.1\nHost: x\n\n", 400, ReasonMalformed},
		{"LF alone on the second line", line + "Host: x\n\r\n", 400, ReasonMalformed},
		{"CR twice", "GET / HTTP/1.1\r\r\n\r\n", 0, ""}, // ParseRequest rejects it
		{"TLS", "\x16\x03\x01", 400, ReasonTLS},
		{"an empty line first", "\r\n" + line + "\r\n", 0, ""},
		{"empty lines at the limit", strings.Repeat("\r\n", MaxEmptyLines) + line + "\r\n", 0, ""},
		{"empty lines over the limit", strings.Repeat("\r\n", MaxEmptyLines+1) + line + "\r\n", 400, ReasonMalformed},
		{"LF alone first", "\n" + line + "\r\n", 400, ReasonMalformed},
		{"CR alone first", "\r" + line + "\r\n", 400, ReasonMalformed},
		{"TLS after an empty line", "\r\n\x16", 400, ReasonTLS},
		{"a space first", " GET / HTTP/1.1\r\n\r\n", 400, ReasonMalformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var h Head
			n, err := h.Scan([]byte(test.head))
			switch {
			case test.status == 0 && (err != nil || n != len(test.head)):
				t.Errorf("Scan = %d, %v; want %d", n, err, len(test.head))
			case test.status != 0 && (err == nil || err.Status != test.status || err.Reason != test.reason):
				t.Errorf("Scan = %d, %v; want %d, %s", n, err, test.status, test.reason)
			}
		})
	}
}

// TestEmptyLinesBeforeTheRequestLine_RFC9112Section2_2: they may arrive in pieces, and are no
// part of the request.
func TestEmptyLinesBeforeTheRequestLine_RFC9112Section2_2(t *testing.T) {
	head := "\r\n\r\n" + exampleRequest
	var h Head
	for i := range len(head) {
		if n, err := h.Scan([]byte(head[:i])); n != 0 || err != nil {
			t.Fatalf("after %d bytes: Scan = %d, %v; want 0", i, n, err)
		}
	}
	if n, err := h.Scan([]byte(head)); n != len(head) || err != nil {
		t.Fatalf("Scan = %d, %v; want %d", n, err, len(head))
	}
	r, err := ParseRequest([]byte(head))
	if err != nil || r.Target != "/chat" {
		t.Errorf("ParseRequest = %+v, %v", r, err)
	}
	if got := TrimEmptyLines([]byte(head)); string(got) != exampleRequest {
		t.Errorf("TrimEmptyLines = %q", got)
	}
}

func TestHeadIsRejectedBeforeItsEnd(t *testing.T) {
	for _, head := range []string{"\x16", strings.Repeat("\r\n", MaxEmptyLines+1), "GET / HTTP/1.1\n", strings.Repeat("G", MaxLine+1)} {
		var h Head
		if _, err := h.Scan([]byte(head)); err == nil {
			t.Errorf("%.20q is not rejected", head)
		}
	}
}
