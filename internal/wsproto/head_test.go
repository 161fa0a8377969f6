package wsproto

import (
	"strings"
	"testing"
)

// articleRequest is the request of the article that this server began with, and
// of RFC 6455 section 1.3.
const articleRequest = "GET /chat HTTP/1.1\r\n" +
	"Host: server.example.com\r\n" +
	"Upgrade: websocket\r\n" +
	"Connection: Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
	"Origin: http://example.com\r\n" +
	"Sec-WebSocket-Protocol: chat, superchat\r\n" +
	"Sec-WebSocket-Version: 13\r\n\r\n"

func TestHeadEndsAtTheBlankLineAndKeepsWhatFollows(t *testing.T) {
	var h Head
	n, refusal := h.Scan([]byte(articleRequest + "\x81\x80abcd"))
	if n != len(articleRequest) || refusal != nil {
		t.Fatalf("Scan = %d, %v; want %d", n, refusal, len(articleRequest))
	}
}

func TestHeadArrivesByteByByte(t *testing.T) {
	var h Head
	for i := range len(articleRequest) {
		if n, refusal := h.Scan([]byte(articleRequest[:i])); n != 0 || refusal != nil {
			t.Fatalf("after %d bytes: Scan = %d, %v; want to need more", i, n, refusal)
		}
	}
	if n, refusal := h.Scan([]byte(articleRequest)); n != len(articleRequest) || refusal != nil {
		t.Fatalf("Scan = %d, %v; want %d", n, refusal, len(articleRequest))
	}
}

func TestHeadLimits(t *testing.T) {
	line := "GET / HTTP/1.1\r\n"
	field := func(size int) string { return "X: " + strings.Repeat("x", size-len("X: \r\n")) + "\r\n" }
	target := func(size int) string {
		return "GET /" + strings.Repeat("x", size-len("GET / HTTP/1.1\r\n")) + " HTTP/1.1\r\n"
	}
	fillTo := func(size int) string { // a head of that size
		half := (size - len(line) - len("\r\n")) / 2
		return line + field(half) + field(size-len(line)-len("\r\n")-half) + "\r\n"
	}
	tests := []struct {
		name   string
		head   string
		status int // 0: accepted
	}{
		{"request line at the limit", target(MaxLine) + "\r\n", 0},
		{"request line over the limit", target(MaxLine+1) + "\r\n", 414},
		{"request line without an end", "GET /" + strings.Repeat("x", MaxLine), 414},
		{"field at the limit", line + field(MaxLine) + "\r\n", 0},
		{"field over the limit", line + field(MaxLine+1) + "\r\n", 431},
		{"field without an end", line + "X: " + strings.Repeat("x", MaxLine), 431},
		{"field of 1 MiB", line + field(1<<20) + "\r\n", 431},
		{"head at the limit", fillTo(MaxHead), 0},
		{"head over the limit", fillTo(MaxHead + 1), 431},
		{"fields at the limit", line + strings.Repeat("A: b\r\n", MaxFields) + "\r\n", 0},
		{"fields over the limit", line + strings.Repeat("A: b\r\n", MaxFields+1) + "\r\n", 431},
		{"2,000 fields", line + strings.Repeat("A: b\r\n", 2000) + "\r\n", 431},
		{"line feed alone", "GET / HTTP/1.1\nHost: x\n\n", 400},
		{"line feed alone behind a good line", line + "Host: x\n\r\n", 400},
		{"carriage return twice", "GET / HTTP/1.1\r\r\n\r\n", 0}, // ParseRequest refuses it
		{"TLS", "\x16\x03\x01", 400},
		{"white space first", " GET / HTTP/1.1\r\n\r\n", 400},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var h Head
			n, refusal := h.Scan([]byte(test.head))
			switch {
			case test.status == 0 && (refusal != nil || n != len(test.head)):
				t.Errorf("Scan = %d, %v; want %d", n, refusal, len(test.head))
			case test.status != 0 && (refusal == nil || refusal.Status != test.status):
				t.Errorf("Scan = %d, %v; want a refusal with %d", n, refusal, test.status)
			}
		})
	}
}

func TestHeadIsRefusedBeforeItsEnd(t *testing.T) {
	for _, head := range []string{"\x16", "GET / HTTP/1.1\n", strings.Repeat("G", MaxLine+1)} {
		var h Head
		if _, refusal := h.Scan([]byte(head)); refusal == nil {
			t.Errorf("%.20q was not refused", head)
		}
	}
}
