package wsproto

import (
	"bytes"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/wstest"
)

// TestFramesYield checks that a turn ends after a bounded number of frames, whatever they
// are, and that all of them are answered in order in the end.
func TestFramesYield(t *testing.T) {
	const most = enoughWork / frameWork // frames in a turn
	numbered := func(first byte) (in, want []byte) {
		for i := range 20_000 {
			payload := string([]byte{byte(i), byte(i >> 8)})
			in = append(in, wstest.Frame(first, payload)...)
			want = append(want, payload...)
		}
		return in, want
	}
	for name, first := range map[string]byte{"messages": 0x82, "fragments": 0x00, "pings": 0x89, "pongs": 0x8a} {
		t.Run(name, func(t *testing.T) {
			in, want := numbered(first)
			s := newSession(t, &Config{})
			switch first {
			case 0x00:
				s.read(wstest.Frame(0x02, ""))
			case 0x8a:
				want = nil
			}
			before := len(s.frames())
			turns := 0
			for yielded := true; yielded; turns++ {
				s.events = s.events[:0]
				yielded = s.turn(in)
				in = nil
				if len(s.events) > most {
					t.Fatalf("%d frames in a turn, want at most %d", len(s.events), most)
				}
			}
			if turns < 20_000/most {
				t.Errorf("answered in %d turns", turns)
			}
			var got []byte
			for _, f := range s.frames()[before:] {
				got = append(got, f.Payload...)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("the answers differ from what was sent")
			}
		})
	}
}

// TestBytesYield checks that payload counts, and more so if it is text beyond ASCII.
func TestBytesYield(t *testing.T) {
	for name, test := range map[string]struct {
		in    []byte
		yield bool
	}{
		"512 KiB":                      {bytes.Repeat(wstest.Frame(0x82, strings.Repeat("a", MaxWhole)), 8), false},
		"2 MiB":                        {bytes.Repeat(wstest.Frame(0x82, strings.Repeat("a", MaxWhole)), 32), true},
		"768 KiB of ASCII":             {bytes.Repeat(wstest.Frame(0x81, strings.Repeat("a", MaxWhole)), 12), false},
		"768 KiB of text beyond ASCII": {bytes.Repeat(wstest.Frame(0x81, strings.Repeat("é", MaxWhole/2)), 12), true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(t, &Config{})
			yields := 0
			for yielded := s.turn(test.in); yielded; yielded = s.turn(nil) {
				yields++
			}
			if got := yields > 0; got != test.yield {
				t.Errorf("%d yields", yields)
			}
			var echoed []byte
			for _, f := range s.frames() {
				echoed = append(echoed, wstest.Frame(f.First, f.Payload)...)
			}
			if !bytes.Equal(echoed, test.in) {
				t.Error("the messages have changed")
			}
		})
	}
}
