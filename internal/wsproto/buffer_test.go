package wsproto

import (
	"github.com/echosvc/echosvc/internal/wstest"
	"slices"
	"strings"
	"testing"
)

// TestResponseAndFirstFramesLeaveTogether: what came in the segment of the request is
// answered in the segment of the response.
func TestResponseAndFirstFramesLeaveTogether(t *testing.T) {
	tests := []struct{ name, head, response string }{
		{"response shorter than the request", strings.Repeat("q", 300), strings.Repeat("r", 130)},
		{"response longer than the request", strings.Repeat("q", 140), strings.Repeat("r", 140+Headroom/2-1)},
	}
	for _, test := range tests {
		mem := []byte(strings.Repeat(".", Headroom) + test.head)
		mem = append(mem, join(wstest.Frame(0x81, "a"), wstest.Frame(0x89, "b"))...)
		b := Buffer{Mem: mem, Start: Headroom, End: len(mem)}
		echo := NewEcho(&Config{}, Deflate{})
		b.Replace(len(test.head), []byte(test.response))
		for echo.Next(&b).Kind != NeedMore {
		}
		var frame [127]byte
		b.Append(echo.AppendClose(frame[:0], NormalClosure, strings.Repeat("x", MaxCloseReason)))
		out, found := strings.CutPrefix(string(b.Out()), test.response)
		if !found {
			t.Fatalf("%s: got %q", test.name, b.Out())
		}
		want := []wstest.ServerFrame{{First: 0x81, Payload: "a"}, {First: 0x8a, Payload: "b"}, {First: 0x88, Payload: "\x03\xe8" + strings.Repeat("x", MaxCloseReason)}}
		if got := wstest.ReadFrames(t, []byte(out)); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", test.name, got, want)
		}
	}
}

// TestCloseFrameFitsBehindAnAnswer: the longest close frame finds room behind a short
// answer without touching what was not read yet.
func TestCloseFrameFitsBehindAnAnswer(t *testing.T) {
	mem := append([]byte(strings.Repeat(".", Headroom)), join(wstest.Frame(0x81, "bye"), wstest.Frame(0x88, "\x03\xe8"))...)
	b := Buffer{Mem: mem, Start: Headroom, End: len(mem)}
	echo := NewEcho(&Config{}, Deflate{})
	if ev := echo.Next(&b); string(ev.Payload) != "bye" {
		t.Fatalf("the event is %+v", ev)
	}
	var frame [127]byte
	b.Append(echo.AppendClose(frame[:0], NormalClosure, strings.Repeat("x", MaxCloseReason)))
	if ev := echo.Next(&b); ev.Kind != Close || ev.Code != NormalClosure {
		t.Errorf("the client's close frame became %+v", ev)
	}
	want := []wstest.ServerFrame{{First: 0x81, Payload: "bye"}, {First: 0x88, Payload: "\x03\xe8" + strings.Repeat("x", MaxCloseReason)}}
	if got := wstest.ReadFrames(t, b.Out()); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
