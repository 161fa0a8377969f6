package probe

import (
	"slices"
	"testing"
)

func TestHead(t *testing.T) {
	var r recorder
	for _, b := range []byte("HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nCONNECTION: keep-alive, Upgrade\r\nno colon\r\nX:1\r\nx: 2 \r\n\r\nbody: no\r\n\r\n") {
		r.record([]byte{b})
	}
	h := r.head()
	if want := []Field{{"upgrade", "WebSocket"}, {"CONNECTION", "keep-alive, Upgrade"}, {"X", "1"}, {"x", "2"}}; !slices.Equal(h.fields, want) || h.line != "HTTP/1.1 101 Switching Protocols" {
		t.Errorf("%q, %q", h.line, h.fields)
	}
	if !h.hasToken("Connection", "upgrade") || !h.hasToken("Upgrade", "websocket") || h.hasToken("Connection", "up") || h.has("body") || h.value("X") != "1, 2" {
		t.Errorf("%+v", h)
	}
	if got, want := h.String(), "\nupgrade: WebSocket\nCONNECTION: keep-alive, Upgrade\nX: 1\nx: 2"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// The end of a head is found wherever the stream is cut.
func TestRecorderFindsTheEnd(t *testing.T) {
	const stream = "HTTP/1.1 101 \r\nA: \r\n\r\n"
	for first := range len(stream) + 1 {
		for second := first; second <= len(stream); second++ {
			var r recorder
			for _, part := range []string{stream[:first], stream[first:second], stream[second:], "\x81\x00"} {
				r.record([]byte(part))
			}
			if got := string(r.recorded()); got != stream {
				t.Fatalf("cut at %d and %d: recorded %q", first, second, got)
			}
		}
	}
}

// A stream without the end of a head is recorded up to a limit.
func TestRecorderLimit(t *testing.T) {
	var r recorder
	for range 3 {
		r.record(make([]byte, maxRecord/2+1))
	}
	if n := len(r.recorded()); n != maxRecord {
		t.Errorf("%d bytes", n)
	}
}
