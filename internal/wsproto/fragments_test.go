package wsproto

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/wstest"
)

func TestFragments_Section5_4(t *testing.T) {
	x := func(n int) string { return strings.Repeat("x", n) }
	tests := []struct {
		name   string
		size   int
		frames string
		want   []string // each fragment
	}{
		{"a frame that fits", 5, "\x81\x05Hello", []string{"\x81\x05Hello"}},
		{"one that does not", 2, "\x81\x05Hello", []string{"\x01\x02He", "\x00\x02ll", "\x80\x01o"}},
		{"bytes", 1, "\x82\x02ab", []string{"\x02\x01a", "\x80\x01b"}},
		{"empty", 1, "\x81\x00", []string{"\x81\x00"}},
		{"fragments already", 2, "\x01\x03abc\x00\x00\x80\x03def", []string{"\x01\x02ab", "\x00\x01c", "\x00\x00", "\x00\x02de", "\x80\x01f"}},
		{"control frames stay whole", 1, "\x01\x02ab\x8a\x04pong\x80\x00\x88\x02\x03\xe8", []string{"\x01\x01a", "\x00\x01b", "\x8a\x04pong", "\x80\x00", "\x88\x02\x03\xe8"}},
		{"RSV1 on the first alone (RFC 7692 section 6.1)", 1, "\xc1\x02ab", []string{"\x41\x01a", "\x80\x01b"}},
		{"longer headers", 70000, "\x82\x7e\x00\x7e" + x(126) + "\x82\x7f\x00\x00\x00\x00\x00\x01\x11\x71" + x(70001),
			[]string{"\x82\x7e\x00\x7e" + x(126), "\x02\x7f\x00\x00\x00\x00\x00\x01\x11\x70" + x(70000), "\x80\x01x"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := Fragments{Size: test.size}
			f.Put([]byte(test.frames))
			var got []string
			for !f.Empty() {
				got = append(got, string(f.AppendNext(nil)))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %.80q, want %.80q", got, test.want)
			}
			if f.frames != nil || f.left != 0 {
				t.Error("something is left")
			}
		})
	}
	f := Fragments{Size: 1}
	f.Put([]byte("\x81\x02ab"))
	f.AppendNext(nil)
	f.Drop()
	f.Put([]byte("\x81\x01c"))
	if got := f.AppendNext(nil); string(got) != "\x81\x01c" {
		t.Errorf("behind Drop: %q", got)
	}
}

func TestTextOfTheServer_Section5_6(t *testing.T) {
	s := newSession(t, &Config{})
	s.read(wstest.Frame(0x01, "a"))
	if !s.echo.MidMessage() {
		t.Error("not within a message")
	}
	s.read(wstest.Frame(0x80, "b"))
	if s.echo.MidMessage() {
		t.Error("still within a message")
	}
	if got := s.echo.AppendText([]byte("x"), bytes.Repeat([]byte("1"), 126)); string(got) != "x\x81\x7e\x00\x7e"+strings.Repeat("1", 126) {
		t.Errorf("got %q", got)
	}
}

// TestRetractedAnswer: the answers around it stay.
func TestRetractedAnswer(t *testing.T) {
	mem := append([]byte(strings.Repeat(".", Headroom)), join(wstest.Frame(0x81, "a"), wstest.Frame(0x89, "ping"), wstest.Frame(0x81, "b"))...)
	b := Buffer{Mem: mem, Start: Headroom, End: len(mem)}
	echo := NewEcho(&Config{}, Deflate{})
	for ev := echo.Next(&b); ev.Kind != NeedMore; ev = echo.Next(&b) {
		if ev.Kind == Ping {
			b.Retract(2 + len(ev.Payload))
		}
	}
	if got := string(b.Out()); got != "\x81\x01a\x81\x01b" {
		t.Errorf("got %q", got)
	}
}
