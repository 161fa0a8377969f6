package wsproto

import (
	"testing"
	"unsafe"

	"github.com/echosvc/echosvc/internal/wstest"
)

// TestRest checks when a Rest is enough. Every test with a session then keeps only that.
func TestRest(t *testing.T) {
	for _, test := range []struct {
		name  string
		in    []byte
		rests bool
	}{
		{"at the start", nil, true},
		{"after a message", wstest.Frame(0x81, "a"), true},
		{"after a ping", wstest.Frame(0x89, "a"), true},
		{"within a header", wstest.Frame(0x81, "a")[:1], true}, // which is kept in the Buffer
		{"within a frame", wstest.Frame(0x81, "ab")[:7], false},
		{"between fragments", wstest.Frame(0x01, "a"), false},
		{"between compressed fragments", wstest.Frame(0x41, "\xf2\x48"), false},
		{"after a compressed message", wstest.Frame(0xc1, "\xf2\x48\xcd\xc9\xc9\x07\x00"), true},
		{"after a close frame", wstest.Frame(0x88, "\x03\xe8"), false},
		{"after a violation", wstest.Frame(0x83, ""), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newDeflateSession(t, &Config{Inflaters: newTestInflaters(t)}, takeover)
			s.read(test.in)
			if _, rests := s.echo.Rest(); rests != test.rests {
				t.Errorf("rests is %v", rests)
			}
		})
	}
}

// TestRestAfterCloseFrame_Section5_5_1: whoever sent it, nothing may be sent after it.
func TestRestAfterCloseFrame_Section5_5_1(t *testing.T) {
	s := newSession(t, &Config{})
	s.echo.AppendClose(nil, CloseGoingAway, "")
	if _, rests := s.echo.Rest(); rests {
		t.Error("an Echo that has sent a close frame rests")
	}
}

func TestRestKeepsTheAgreementAndTheHistory_RFC7692Section7_1_1(t *testing.T) {
	s := newDeflateSession(t, &Config{Inflaters: newTestInflaters(t)}, takeover)
	s.read(wstest.Frame(0xc1, "\xf2\x48\xcd\xc9\xc9\x07\x00"))
	rest, ok := s.echo.Rest()
	if !ok || rest.Deflate() != takeover || rest.HistorySize() < len("Hello") {
		t.Errorf("rests is %v, %v, with a history of %d bytes", ok, rest.Deflate(), rest.HistorySize())
	}
	if n := NewRest(takeover).HistorySize(); n != 0 {
		t.Errorf("%d bytes of history at the start", n)
	}
}

// TestRestSize: a Rest is all that wsproto holds for an idle connection without context takeover.
func TestRestSize(t *testing.T) {
	if n := unsafe.Sizeof(Rest{}); n > 16 {
		t.Errorf("a Rest takes %d bytes", n)
	}
}
