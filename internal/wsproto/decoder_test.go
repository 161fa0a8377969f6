package wsproto

import (
	"github.com/echosvc/echosvc/internal/wstest"
	"testing"
)

// decoded is what next finds.
func decoded(d *decoder, p []byte) (ev Event, n int) {
	n = d.next(p, &ev)
	return ev, n
}

func TestDecoderGivesDataAsItArrives_Section5_2(t *testing.T) {
	d := newDecoder(&Config{}, Deflate{})
	p := wstest.Frame(0x82, "abcdef")
	ev, n := decoded(&d, p[:6])
	if ev.Kind != Data || ev.Opcode != Binary || ev.length != 6 || ev.End || !ev.Fin || len(ev.Payload) != 0 || n != 6 {
		t.Errorf("of the header: %+v, %d", ev, n)
	}
	if ev, n := decoded(&d, nil); ev.Kind != NeedMore || n != 0 {
		t.Errorf("of nothing: %+v, %d", ev, n)
	}
	ev, n = decoded(&d, p[6:9])
	if ev.Kind != Data || ev.length != 0 || ev.End || string(ev.Payload) != "abc" || n != 3 {
		t.Errorf("of three bytes: %+v, %d", ev, n)
	}
	ev, n = decoded(&d, append(p[9:], wstest.Frame(0x89, "")...))
	if ev.Kind != Data || !ev.End || !ev.Fin || string(ev.Payload) != "def" || n != 3 {
		t.Errorf("of the rest: %+v, %d", ev, n)
	}
}

// TestEveryStateGoesOnWith131Bytes_Section5_5: the longest thing that has to be there as
// a whole is a control frame, 6 bytes of header and 125 of payload.
func TestEveryStateGoesOnWith131Bytes_Section5_5(t *testing.T) {
	p := wstest.Frame(0x89, string(make([]byte, 125)))
	if len(p) != 131 {
		t.Fatalf("the longest ping has %d bytes", len(p))
	}
	for i := range len(p) {
		d := newDecoder(&Config{}, Deflate{})
		if ev, n := decoded(&d, p[:i]); ev.Kind != NeedMore || n != 0 {
			t.Fatalf("of %d bytes: %+v, %d", i, ev, n)
		}
	}
	d := newDecoder(&Config{}, Deflate{})
	if ev, n := decoded(&d, p); ev.Kind != Ping || n != 131 {
		t.Errorf("of all bytes: %+v, %d", ev, n)
	}
}

// TestClaimedLengthAllocatesNothing: the header may say what it likes.
func TestClaimedLengthAllocatesNothing(t *testing.T) {
	header := wstest.Claim(0x82, 1<<40)
	limits := &Config{}
	if n := testing.AllocsPerRun(100, func() {
		d := newDecoder(limits, Deflate{})
		decoded(&d, header)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestMessageSizeLimit(t *testing.T) {
	const limit = 1000
	tests := []struct {
		name   string
		frames [][]byte
		over   bool
	}{
		{"the limit, whole", [][]byte{wstest.Frame(0x82, string(make([]byte, limit)))}, false},
		{"one more, whole", [][]byte{wstest.Frame(0x82, string(make([]byte, limit+1)))}, true},
		{"the limit, fragmented", [][]byte{wstest.Frame(0x02, string(make([]byte, limit-1))), wstest.Frame(0x80, "x")}, false},
		{"one more, fragmented", [][]byte{wstest.Frame(0x02, string(make([]byte, limit))), wstest.Frame(0x80, "x")}, true},
		{"empty fragments at the limit", [][]byte{wstest.Frame(0x02, string(make([]byte, limit))), wstest.Frame(0x00, ""), wstest.Frame(0x80, "")}, false},
		{"the count begins again with each message", [][]byte{wstest.Frame(0x82, string(make([]byte, limit))), wstest.Frame(0x82, string(make([]byte, limit)))}, false},
		{"control frames do not count", [][]byte{wstest.Frame(0x02, string(make([]byte, limit))), wstest.Frame(0x89, "ping"), wstest.Frame(0x80, "")}, false},
		{"2^63-1 claimed", [][]byte{wstest.Claim(0x82, 1<<63-1)}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSession(t, &Config{MaxMessageSize: limit, LimitReason: "over the test's limit"})
			for _, f := range test.frames {
				s.read(f)
			}
			last := s.frames()[len(s.frames())-1]
			if over := last.First == 0x88; over != test.over {
				t.Fatalf("the last frame is %v", last)
			}
			if test.over && last.Payload != "\x03\xf1over the test's limit" {
				t.Errorf("closed with %q, want 1009 and the reason of the limit", last.Payload)
			}
		})
	}
}

// TestLengthsDoNotOverflow: without a limit, fragments may claim more than any counter
// can hold (CVE-2020-27813).
func TestLengthsDoNotOverflow(t *testing.T) {
	d := newDecoder(&Config{}, Deflate{})
	decoded(&d, wstest.Frame(0x02, "x"))
	if ev, _ := decoded(&d, wstest.Claim(0x00, 1<<63-1)); ev.Kind != Data || ev.length != 1<<63-1 {
		t.Errorf("got %+v", ev)
	}
	limited := newDecoder(&Config{MaxMessageSize: 1<<63 - 1}, Deflate{})
	decoded(&limited, wstest.Frame(0x02, "x"))
	if ev, _ := decoded(&limited, wstest.Claim(0x00, 1<<63-1)); ev.Violation != MessageOverLimit {
		t.Errorf("got %+v, want a message over the limit", ev)
	}
}
