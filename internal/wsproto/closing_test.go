package wsproto

import (
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/wstest"
)

// TestServerCloses_Section7_1_2 checks that the server answers nothing after its own close
// frame and waits for the client's.
func TestServerCloses_Section7_1_2(t *testing.T) {
	s := newSession(t, &Config{})
	s.read(wstest.Frame(0x82, "half")[:8]) // held, and dropped by the close
	frame := s.echo.AppendClose(nil, CloseGoingAway, "bye")
	if string(frame) != "\x88\x05\x03\xe9bye" || !s.echo.CloseSent() || s.echo.CloseReceived() || s.echo.Done() {
		t.Fatalf("AppendClose = %x", frame)
	}
	long := wstest.Frame(0x01, strings.Repeat("a", 70000))
	s.read(join(wstest.Frame(0x82, "half")[8:], wstest.Frame(0x81, "late"), wstest.Frame(0x89, "late"), wstest.Frame(0x8a, "late"), long[:500]))
	if len(s.out) != 0 || len(s.kept) != 0 || s.echo.Done() {
		t.Fatalf("sent %x, kept %x, Done %v", s.out, s.kept, s.echo.Done())
	}
	s.read(long[500:])
	s.read(wstest.Frame(0x88, "\x03\xe9"))
	if len(s.out) != 0 || !s.echo.Done() || !s.echo.CloseReceived() {
		t.Errorf("sent %x, Done %v, CloseReceived %v", s.out, s.echo.Done(), s.echo.CloseReceived())
	}
	if ev := s.lastEvent(); ev.Kind != Close || ev.Code != CloseGoingAway {
		t.Errorf("the event is %+v", ev)
	}
}

func TestClientCloses_Section7_1_2(t *testing.T) {
	s := newSession(t, &Config{})
	s.read(join(wstest.Frame(0x88, "\x03\xe8bye"), wstest.Frame(0x81, "late")))
	if string(s.out) != "\x88\x05\x03\xe8bye" || len(s.kept) != 0 || !s.echo.CloseSent() || !s.echo.CloseReceived() || !s.echo.Done() {
		t.Errorf("sent %x, kept %x", s.out, s.kept)
	}
	s.read(wstest.Frame(0x81, "late"))
	if len(s.events) != 0 || len(s.kept) != 0 {
		t.Errorf("after the end: %v, kept %x", s.events, s.kept)
	}
}

// TestErrorAfterClose_Section5_5_1 checks that a protocol error after the server's close
// frame ends the connection without a second one.
func TestErrorAfterClose_Section5_5_1(t *testing.T) {
	s := newSession(t, &Config{})
	if frame := s.echo.AppendClose(nil, CloseGoingAway, ""); string(frame) != "\x88\x02\x03\xe9" {
		t.Fatalf("the close frame is %x", frame)
	}
	s.read([]byte("\xc1\x80"))
	if len(s.out) != 0 || !s.echo.Done() {
		t.Errorf("sent %x, Done %v", s.out, s.echo.Done())
	}
}
