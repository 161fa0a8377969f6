package wsproto

import (
	"slices"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/wstest"
)

// longestClose is the longest close frame, as a client reads it.
var longestClose = wstest.ServerFrame{First: 0x88, Payload: "\x03\xe8" + strings.Repeat("x", MaxCloseReason)}

// TestResponseAndFirstFrames checks that frames in the segment of the request are answered
// in the segment of the response.
func TestResponseAndFirstFrames(t *testing.T) {
	tests := []struct{ name, head, response string }{
		{"response shorter than the request", strings.Repeat("q", 300), strings.Repeat("r", 130)},
		{"response longer than the request", strings.Repeat("q", 140), strings.Repeat("r", 140+Headroom/2-1)},
	}
	for _, test := range tests {
		b := newBuffer([]byte(test.head), wstest.Frame(0x81, "a"), wstest.Frame(0x89, "b"))
		echo := NewEcho(&Config{}, Deflate{})
		b.Replace(len(test.head), []byte(test.response))
		for echo.Next(b).Kind != NeedMore {
		}
		echo.Close(b, CloseNormalClosure, strings.Repeat("x", MaxCloseReason))
		out, found := strings.CutPrefix(string(b.Out()), test.response)
		if !found {
			t.Fatalf("%s: got %q", test.name, b.Out())
		}
		want := []wstest.ServerFrame{{First: 0x81, Payload: "a"}, {First: 0x8a, Payload: "b"}, longestClose}
		if got := wstest.ReadFrames(t, []byte(out)); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", test.name, got, want)
		}
	}
}

// TestCloseFrameAfterAnAnswer checks that the longest close frame fits after the shortest
// answers without overwriting what has not been decoded yet.
func TestCloseFrameAfterAnAnswer(t *testing.T) {
	b := newBuffer(wstest.Frame(0x81, "bye"), wstest.Frame(0x88, "\x03\xe8"))
	echo := NewEcho(&Config{}, Deflate{})
	if ev := echo.Next(b); string(ev.Payload) != "bye" {
		t.Fatalf("the event is %+v", ev)
	}
	echo.Close(b, CloseNormalClosure, strings.Repeat("x", MaxCloseReason))
	if ev := echo.Next(b); ev.Kind != Close || ev.Code != CloseNormalClosure {
		t.Errorf("the client's close frame became %+v", ev)
	}
	want := []wstest.ServerFrame{{First: 0x81, Payload: "bye"}, longestClose}
	if got := wstest.ReadFrames(t, b.Out()); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
