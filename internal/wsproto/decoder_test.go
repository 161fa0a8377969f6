package wsproto

import (
	"bytes"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/wstest"
)

// decoded returns what Next finds in p.
func decoded(d *Decoder, p []byte) (ev Event, n int) {
	n = d.Next(p, &ev)
	return ev, n
}

func TestDataIsDecodedAsItArrives_Section5_2(t *testing.T) {
	d := NewDecoder(&Config{}, Deflate{})
	p := wstest.Frame(0x82, "abcdef")
	ev, n := decoded(&d, p[:6])
	if ev.Kind != Data || ev.Opcode != OpBinary || ev.End || !ev.Fin || len(ev.Payload) != 0 || n != 6 {
		t.Errorf("the header: %+v, %d", ev, n)
	}
	if ev, n := decoded(&d, nil); ev.Kind != NeedMore || n != 0 {
		t.Errorf("nothing: %+v, %d", ev, n)
	}
	ev, n = decoded(&d, p[6:9])
	if ev.Kind != Data || ev.End || ev.Last() || string(ev.Payload) != "abc" || n != 3 {
		t.Errorf("three bytes: %+v, %d", ev, n)
	}
	ev, n = decoded(&d, append(p[9:], wstest.Frame(0x89, "")...))
	if ev.Kind != Data || !ev.End || !ev.Last() || string(ev.Payload) != "def" || n != 3 {
		t.Errorf("the rest: %+v, %d", ev, n)
	}
}

// TestControlFrames_Section5_5 checks that a control frame is decoded when it is complete,
// and that the longest one has 131 bytes: 6 of header and 125 of payload.
func TestControlFrames_Section5_5(t *testing.T) {
	p := wstest.Frame(0x89, strings.Repeat("x", 125))
	if len(p) != 131 {
		t.Fatalf("the longest ping has %d bytes", len(p))
	}
	for i := range len(p) {
		d := NewDecoder(&Config{}, Deflate{})
		if ev, n := decoded(&d, p[:i]); ev.Kind != NeedMore || n != 0 {
			t.Fatalf("%d bytes: %+v, %d", i, ev, n)
		}
	}
	for _, test := range []struct {
		in      []byte
		kind    Kind
		code    CloseCode
		payload string
	}{
		{p, Ping, 0, strings.Repeat("x", 125)},
		{wstest.Frame(0x8a, "pong"), Pong, 0, "pong"},
		{wstest.Frame(0x88, "\x03\xe9bye"), Close, CloseGoingAway, "\x03\xe9bye"},
		{wstest.Frame(0x88, ""), Close, CloseNoStatusReceived, ""},
	} {
		d := NewDecoder(&Config{}, Deflate{})
		if ev, n := decoded(&d, test.in); ev.Kind != test.kind || ev.Code != test.code || string(ev.Payload) != test.payload || n != len(test.in) {
			t.Errorf("%v: %+v, %d", test.kind, ev, n)
		}
	}
}

func TestKindNames(t *testing.T) {
	for kind, want := range map[Kind]string{NeedMore: "NeedMore", Yield: "Yield", Data: "Data", Ping: "Ping", Pong: "Pong", Close: "Close", Failed: "Failed"} {
		if kind.String() != want {
			t.Errorf("%v, want %s", kind, want)
		}
	}
}

// TestClaimedLengthAllocatesNothing checks that memory does not follow a header's claim.
func TestClaimedLengthAllocatesNothing(t *testing.T) {
	header := wstest.Claim(0x82, 1<<40)
	config := &Config{}
	if n := testing.AllocsPerRun(100, func() {
		d := NewDecoder(config, Deflate{})
		decoded(&d, header)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestMessageSizeLimit(t *testing.T) {
	const limit = 1000
	zeros := func(n int) string { return string(make([]byte, n)) }
	tests := []struct {
		name   string
		frames [][]byte
		over   bool
	}{
		{"the limit, in one frame", [][]byte{wstest.Frame(0x82, zeros(limit))}, false},
		{"one more, in one frame", [][]byte{wstest.Frame(0x82, zeros(limit+1))}, true},
		{"the limit, in fragments", [][]byte{wstest.Frame(0x02, zeros(limit-1)), wstest.Frame(0x80, "x")}, false},
		{"one more, in fragments", [][]byte{wstest.Frame(0x02, zeros(limit)), wstest.Frame(0x80, "x")}, true},
		{"empty fragments at the limit", [][]byte{wstest.Frame(0x02, zeros(limit)), wstest.Frame(0x00, ""), wstest.Frame(0x80, "")}, false},
		{"each message counts by itself", [][]byte{wstest.Frame(0x82, zeros(limit)), wstest.Frame(0x82, zeros(limit))}, false},
		{"control frames do not count", [][]byte{wstest.Frame(0x02, zeros(limit)), wstest.Frame(0x89, "ping"), wstest.Frame(0x80, "")}, false},
		{"a header that claims 2^63-1 bytes", [][]byte{wstest.Claim(0x82, 1<<63-1)}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSession(t, &Config{MaxMessageSize: limit, LimitReason: "over the test's limit"})
			for _, f := range test.frames {
				s.read(f)
			}
			frames := s.frames()
			last := frames[len(frames)-1]
			if over := last.First == 0x88; over != test.over {
				t.Fatalf("the last frame is %v", last)
			}
			if test.over && last.Payload != "\x03\xf1over the test's limit" {
				t.Errorf("closed with %q, want 1009 and LimitReason", last.Payload)
			}
		})
	}
}

// TestLengthsDoNotOverflow checks that fragments may claim more than a counter can hold
// (CVE-2020-27813).
func TestLengthsDoNotOverflow(t *testing.T) {
	d := NewDecoder(&Config{}, Deflate{})
	decoded(&d, wstest.Frame(0x02, "x"))
	if ev, _ := decoded(&d, wstest.Claim(0x00, 1<<63-1)); ev.Kind != Data || ev.End {
		t.Errorf("without a limit: %+v", ev)
	}
	limited := NewDecoder(&Config{MaxMessageSize: 1<<63 - 1}, Deflate{})
	decoded(&limited, wstest.Frame(0x02, "x"))
	if ev, _ := decoded(&limited, wstest.Claim(0x00, 1<<63-1)); ev.Err != ErrMessageOverLimit {
		t.Errorf("with a limit: %+v", ev)
	}
}

func TestCloseReason(t *testing.T) {
	tests := []struct {
		name   string
		config Config
		in     []byte
		want   string
	}{
		{"the error's text", Config{}, []byte("\x83"), "the opcode is reserved (RFC 6455 section 5.2)"},
		{"the limit", Config{MaxMessageSize: 1}, wstest.Frame(0x82, "ab"), "the message exceeds the size limit of this server"},
		{"the limit, with LimitReason", Config{MaxMessageSize: 1, LimitReason: "over 1 byte"}, wstest.Frame(0x82, "ab"), "over 1 byte"},
		{"corrupt", Config{}, wstest.Frame(0xc2, "\x07"), "a compressed message is corrupt: a block has the reserved type 3 (RFC 1951 section 3.2.3)"},
		{"truncated", Config{}, wstest.Frame(0xc2, "\xf2"), "a compressed message is corrupt: it ends within a block (RFC 7692 section 7.2.1)"},
	}
	for _, test := range tests {
		test.config.Inflaters = newTestInflaters(t)
		d := NewDecoder(&test.config, takeover)
		ev, _ := decoded(&d, test.in)
		if got := d.CloseReason(ev.Err); ev.Kind != Failed || got != test.want {
			t.Errorf("%s: %v, %q", test.name, ev.Kind, got)
		}
		d.Release()
		if got := d.CloseReason(ev.Err); len(got) > MaxCloseReason || !strings.HasPrefix(test.want, got) {
			t.Errorf("%s: %q after Release", test.name, got)
		}
	}
}

// TestInvalidUTF8InLongText_Section8_1 puts a bad byte anywhere in a long text, plain and
// compressed, in a frame that claims more. Decoding fails as soon as that byte has arrived,
// alone or with the text before it.
func TestInvalidUTF8InLongText_Section8_1(t *testing.T) {
	const length, header = 200, 14
	config := &Config{Inflaters: newTestInflaters(t)}
	for bad := range length {
		text := strings.Repeat("я", length/2)
		text = text[:bad] + "\xff" + text[bad+1:]
		for _, test := range []struct {
			first   byte
			payload string
			before  int // bytes before the text
		}{
			{0x81, text, 0},
			{0xc1, string(stored(text)), len(stored(""))},
		} {
			masked := wstest.Frame(test.first, test.payload)
			in := append(wstest.Claim(test.first, 1<<20), masked[len(masked)-len(test.payload):]...)
			end := header + test.before + bad + 1
			for _, cut := range []int{0, end - 1} {
				d := NewDecoder(config, stateless)
				if ev, n := decoded(&d, in[:cut]); ev.Kind == Failed || n != cut {
					t.Fatalf("%02x, byte %d: %+v after %d of %d bytes", test.first, bad, ev, n, cut)
				}
				if ev, _ := decoded(&d, bytes.Clone(in[cut:end])); ev.Err != ErrInvalidUTF8 {
					t.Fatalf("%02x, byte %d, cut at %d: %+v", test.first, bad, cut, ev)
				}
				d.Release()
			}
		}
	}
}
