package wsproto

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/inflate"
	"github.com/echosvc/echosvc/internal/inflate/inflatetest"
	"github.com/echosvc/echosvc/internal/wstest"
)

// historyLength returns how many bytes are kept for the next message.
func (s *session) historyLength() int {
	if s.echo.decoder.history == nil {
		return 0
	}
	return len(*s.echo.decoder.history)
}

// deflateExamples has the examples of RFC 7692 section 7.2.3 and some more, as frames that
// are the same in both directions.
var deflateExamples = []struct {
	name   string
	frames []wstest.ServerFrame
	plain  []string // the compressed messages, inflated
}{
	{"7.2.3.1 one block", []wstest.ServerFrame{{First: 0xc1, Payload: "\xf2\x48\xcd\xc9\xc9\x07\x00"}}, []string{"Hello"}},
	{"7.2.3.1 in two fragments", []wstest.ServerFrame{{First: 0x41, Payload: "\xf2\x48\xcd"}, {First: 0x80, Payload: "\xc9\xc9\x07\x00"}}, []string{"Hello"}},
	{"7.2.3.2 sharing the window", []wstest.ServerFrame{{First: 0xc1, Payload: "\xf2\x48\xcd\xc9\xc9\x07\x00"}, {First: 0xc1, Payload: "\xf2\x00\x11\x00\x00"}}, []string{"Hello", "Hello"}},
	{"7.2.3.2 a window that is shared but not used", []wstest.ServerFrame{{First: 0xc1, Payload: "\xf2\x48\xcd\xc9\xc9\x07\x00"}, {First: 0xc1, Payload: "\xf2\x48\xcd\xc9\xc9\x07\x00"}}, []string{"Hello", "Hello"}},
	{"7.2.3.3 a block without compression", []wstest.ServerFrame{{First: 0xc1, Payload: "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"}}, []string{"Hello"}},
	{"7.2.3.4 a block with BFINAL", []wstest.ServerFrame{{First: 0xc1, Payload: "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"}}, []string{"Hello"}},
	{"7.2.3.4 with a shared window", []wstest.ServerFrame{{First: 0xc1, Payload: "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"}, {First: 0xc1, Payload: "\xf2\x00\x11\x00\x00"}}, []string{"Hello", "Hello"}},
	{"7.2.3.5 two blocks", []wstest.ServerFrame{{First: 0xc1, Payload: "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"}}, []string{"Hello"}},
	{"7.2.3.6 an empty message", []wstest.ServerFrame{{First: 0xc1, Payload: "\x00"}}, []string{""}},
	{"an uncompressed message between two compressed ones", []wstest.ServerFrame{{First: 0xc1, Payload: "\xf2\x48\xcd\xc9\xc9\x07\x00"}, {First: 0x81, Payload: "plain"}, {First: 0xc1, Payload: "\xf2\x00\x11\x00\x00"}}, []string{"Hello", "Hello"}},
	{"an empty fragment first", []wstest.ServerFrame{{First: 0x42, Payload: ""}, {First: 0x80, Payload: "\xf2\x48\xcd\xc9\xc9\x07\x00"}}, []string{"Hello"}},
	{"an empty fragment last", []wstest.ServerFrame{{First: 0x42, Payload: "\xf2\x48\xcd\xc9\xc9\x07\x00"}, {First: 0x80, Payload: ""}}, []string{"Hello"}},
}

// TestCompressedEcho_RFC7692Section7_2_3 cuts each example at every position, and into bytes.
// The client's bytes come back, and the events have what they inflate to.
func TestCompressedEcho_RFC7692Section7_2_3(t *testing.T) {
	config := &Config{Inflaters: newTestInflaters(t)}
	for _, test := range deflateExamples {
		t.Run(test.name, func(t *testing.T) {
			var in []byte
			for _, f := range test.frames {
				in = append(in, wstest.Frame(f.First, f.Payload)...)
			}
			for cut := range len(in) + 1 {
				s := newDeflateSession(t, config, takeover)
				pieces := [][]byte{in[:cut], in[cut:]}
				if cut == 0 {
					pieces = slices.Collect(slices.Chunk(in, 1))
				}
				var plain []string
				message := ""
				for _, piece := range pieces {
					s.read(piece)
					for _, ev := range s.events {
						message += string(ev.Inflated)
						if ev.Compressed && ev.Last() {
							plain, message = append(plain, message), ""
						}
					}
				}
				if !slices.Equal(s.frames(), test.frames) || !slices.Equal(plain, test.plain) {
					t.Fatalf("cut at %d: sent %v with %q, want %v with %q", cut, s.frames(), plain, test.frames, test.plain)
				}
			}
		})
	}
}

// TestControlFramesWithinACompressedMessage_RFC7692Section6_1 checks that they are answered
// uncompressed, and that the message comes back unchanged.
func TestControlFramesWithinACompressedMessage_RFC7692Section6_1(t *testing.T) {
	s := newDeflateSession(t, &Config{Inflaters: newTestInflaters(t)}, stateless)
	if s.echo.Deflate() != stateless {
		t.Errorf("Deflate is %v", s.echo.Deflate())
	}
	s.read(join(wstest.Frame(0x41, "\xf2\x48\xcd"), wstest.Frame(0x89, "ping"), wstest.Frame(0x8a, ""), wstest.Frame(0x80, "\xc9\xc9\x07\x00"), wstest.Frame(0x88, "\x03\xe8")))
	want := []wstest.ServerFrame{{First: 0x41, Payload: "\xf2\x48\xcd"}, {First: 0x8a, Payload: "ping"}, {First: 0x80, Payload: "\xc9\xc9\x07\x00"}, {First: 0x88, Payload: "\x03\xe8"}}
	if got := s.frames(); !slices.Equal(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
}

// TestLargeCompressedFrame_RFC7692Section6_1 checks that a frame over MaxWhole comes back in
// pieces with the client's bytes, and that only the first has RSV1. In one read, it comes
// back as one frame.
func TestLargeCompressedFrame_RFC7692Section6_1(t *testing.T) {
	payload := string(inflatetest.Flushed(inflatetest.Noise(MaxWhole+MinPiece), flate.BestSpeed))
	in := wstest.Frame(0xc2, payload)
	s := newDeflateSession(t, &Config{Inflaters: newTestInflaters(t)}, stateless)
	s.readInCuts(in, 30_000)
	frames := s.frames()
	if len(frames) < 2 || frames[0].First != 0x42 || frames[1].First != 0x00 || frames[len(frames)-1].First != 0x80 {
		t.Errorf("%d frames, the first is %02x", len(frames), frames[0].First)
	}
	whole := newDeflateSession(t, &Config{Inflaters: newTestInflaters(t)}, stateless)
	whole.read(in)
	if frames := whole.frames(); len(frames) != 1 || frames[0].Payload != payload {
		t.Errorf("in one read: %d frames", len(frames))
	}
	if got := wstest.Messages(t, frames); len(got) != 1 || got[0] != (wstest.Message{Opcode: 2, Compressed: true, Payload: payload}) {
		t.Errorf("%d messages, not the one that was sent", len(got))
	}
}

// TestCompressedMessageSizeLimit checks that the limit applies to inflated bytes, exactly.
func TestCompressedMessageSizeLimit(t *testing.T) {
	const limit = 70_000
	config := &Config{MaxMessageSize: limit, LimitReason: "over the test's limit", Inflaters: newTestInflaters(t)}
	for _, size := range []int{limit, limit + 1} {
		for _, plain := range [][]byte{make([]byte, size), inflatetest.Noise(size)} {
			message := string(inflatetest.Flushed(plain, flate.BestSpeed))
			half := len(message) / 2
			for name, in := range map[string][]byte{
				"whole":     wstest.Frame(0xc2, message),
				"fragments": join(wstest.Frame(0x42, message[:half]), wstest.Frame(0x80, message[half:])),
			} {
				s := newDeflateSession(t, config, stateless)
				s.read(join(in, in)) // each message counts by itself
				frames := s.frames()
				last := frames[len(frames)-1]
				if ok := last.First != 0x88; ok != (size <= limit) {
					t.Errorf("%s of %d: answered with %v", name, size, last)
				} else if !ok && last.Payload != "\x03\xf1over the test's limit" {
					t.Errorf("%s of %d: closed with %q", name, size, last.Payload)
				}
			}
		}
	}
}

// TestTakeover_RFC7692Section7_1_1 sends 1,000 messages that share a window: compressible,
// incompressible and uncompressed ones in turn. A reference inflater with one window reads
// the answers.
func TestTakeover_RFC7692Section7_1_1(t *testing.T) {
	s := newDeflateSession(t, &Config{Inflaters: newTestInflaters(t)}, takeover)
	var wire bytes.Buffer
	deflater, err := flate.NewWriter(&wire, flate.DefaultCompression)
	if err != nil {
		t.Fatal(err)
	}
	var stream bytes.Buffer // what the reference inflater reads
	inflater := flate.NewReader(&stream)
	random := inflatetest.Noise(100_000)
	for i := range 1000 {
		size := i * 37 % 5000
		plain, first := random[i:i+size], byte(0xc2)
		switch i % 3 {
		case 0:
			plain = []byte(strings.Repeat(fmt.Sprintf("message %d, ", i), size/12))
		case 1:
			first = 0x82
		}
		payload := string(plain)
		if first == 0xc2 {
			wire.Reset()
			deflater.Write(plain)
			deflater.Flush()
			payload = strings.TrimSuffix(wire.String(), "\x00\x00\xff\xff")
		}
		s.out = s.out[:0]
		s.read(wstest.Frame(first, payload))
		frames := s.frames()
		if len(frames) != 1 || frames[0].First != first {
			t.Fatalf("message %d is answered with %v", i, frames)
		}
		got := []byte(frames[0].Payload)
		if first == 0xc2 {
			stream.WriteString(frames[0].Payload + "\x00\x00\xff\xff")
			got = make([]byte, len(plain))
			if _, err := io.ReadFull(inflater, got); err != nil {
				t.Fatalf("message %d: %v", i, err)
			}
		}
		if !bytes.Equal(got, plain) {
			t.Fatalf("message %d has changed", i)
		}
	}
	if kept := s.historyLength(); kept != 1<<maxWindowBits {
		t.Errorf("%d bytes of history are kept", kept)
	}
}

// TestInflaterIsLentForAMessage checks that a connection has none between two messages, and
// without context takeover keeps nothing at all.
func TestInflaterIsLentForAMessage(t *testing.T) {
	for name, deflate := range map[string]Deflate{"stateless": stateless, "takeover, a window of 512 bytes": smallWindow} {
		t.Run(name, func(t *testing.T) {
			pool := newTestInflaters(t)
			s := newDeflateSession(t, &Config{Inflaters: pool}, deflate)
			message := string(inflatetest.Flushed(make([]byte, 10_000), flate.BestSpeed))
			for _, step := range []struct {
				in   []byte
				lent int
			}{
				{wstest.Frame(0x81, "plain"), 0},
				{wstest.Frame(0x42, message[:5]), 1},
				{wstest.Frame(0x89, "ping"), 1},
				{wstest.Frame(0x80, message[5:]), 0},
				{wstest.Frame(0xc2, message), 0},
				{wstest.Frame(0xc2, message)[:10], 1},
			} {
				s.read(step.in)
				if pool.lent != step.lent {
					t.Errorf("after %x %d inflaters are lent, want %d", step.in[:1], pool.lent, step.lent)
				}
			}
			if kept, most := s.historyLength(), map[bool]int{false: 512}[deflate.ClientNoContextTakeover]; kept != most {
				t.Errorf("%d bytes of history are kept, want %d", kept, most)
			}
		})
	}
}

// TestSaved has messages that compression has made shorter and longer.
func TestSaved(t *testing.T) {
	s := newDeflateSession(t, &Config{Inflaters: newTestInflaters(t)}, stateless)
	large := string(inflatetest.Flushed(make([]byte, 10_000), flate.BestSpeed))
	for _, test := range []struct {
		in   []byte
		want int64
	}{
		{wstest.Frame(0xc2, large), 10_000 - int64(len(large))},
		{wstest.Frame(0xc1, "\x00\x05\x00\xfa\xffHello\x00"), -6},
		{wstest.Frame(0x81, "plain"), 0},
	} {
		s.read(test.in)
		if ev := s.lastEvent(); ev.Saved != test.want {
			t.Errorf("saved %d, want %d", ev.Saved, test.want)
		}
	}
}

// TestCompressedEchoAllocatesNothing begins when the window is full.
func TestCompressedEchoAllocatesNothing(t *testing.T) {
	for name, deflate := range map[string]Deflate{"stateless": stateless, "takeover": takeover} {
		load := echoLoad{in: wstest.Frame(0xc2, string(inflatetest.Flushed(inflatetest.JSON(), flate.BestSpeed)))}
		echo, mem := NewEcho(&Config{Inflaters: newTestInflaters(t)}, deflate), make([]byte, Headroom+len(load.in))
		for range 20 {
			load.run(&echo, mem)
		}
		if n := testing.AllocsPerRun(10, func() { load.run(&echo, mem) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// TestMessageEnd_RFC7692Section7_2_1 checks that a message may end where its sender has
// removed 00 00 ff ff, or after a block with BFINAL, and that the next one begins afresh.
func TestMessageEnd_RFC7692Section7_2_1(t *testing.T) {
	tests := []struct {
		name    string
		message string
		ok      bool
	}{
		{"the header of an empty stored block", "\x00", true},
		{"the same in two bytes", "\x02\x00", true},
		{"the same with BFINAL", "\x01", true},
		{"the padding before LEN is ignored (RFC 1951 section 3.2.4)", "\xf8", true},
		{"a fixed block with BFINAL", "\xf3\x48\xcd\xc9\xc9\x07\x00", true},
		{"an empty one", "\x03\x00", true},
		{"a stored block with BFINAL", "\x01\x01\x00\xfe\xffa", true},
		{"a fixed block with BFINAL, then the header of an empty stored block", "\x03\x00\x00", true},
		{"two streams", "\x03\x00\x03\x00", true},
		{"nothing", "", false},
		{"LEN without NLEN", "\x00\x00\x00", false},
		{"one byte of LEN", "\x00\x00", false},
		{"00 00 ff ff is not removed", "\x00\x00\x00\xff\xff", false},
		{"what was removed would be the bytes of a block", "\x00\x04\x00\xfb\xff", false},
		{"within a stored block", "\x00\x02\x00\xfd\xffa", false},
		{"within a literal", "\xf2", false},
		{"between two literals", "\x4a\x04", false},
		{"within a block's header", "\x02\x08\x20\x80", false},
		{"within a dynamic block's counts", "\x04", false},
		{"within the lengths of the code length code", "\x04\xc0\x01", false},
		{"within the code lengths", "\x04\xc0\x01\x09\x00\x00\x00\x80\xa0", false},
		{"a block with BFINAL, then the beginning of another", "\x03\x00\x02", false},
	}
	for _, test := range tests {
		in := join(wstest.Frame(0xc2, test.message), wstest.Frame(0xc1, "\xf2\x48\xcd\xc9\xc9\x07\x00"), wstest.Frame(0xc1, ""))
		for _, size := range []int{1, 2, 7, 8, 9, len(in)} {
			s := newDeflateSession(t, &Config{Inflaters: newTestInflaters(t)}, takeover)
			s.readInCuts(in, size)
			want := []byte{0x88}
			if test.ok {
				want = []byte{0xc2, 0xc1, 0x88}
			}
			var got []byte
			for _, f := range s.frames() {
				got = append(got, f.First)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s in reads of %d: got %x, want %x", test.name, size, got, want)
			}
		}
	}
}

// TestUnusedInputStaysMasked checks that a call leaves the bytes that it does not use as they
// have arrived.
func TestUnusedInputStaysMasked(t *testing.T) {
	d := NewDecoder(&Config{Inflaters: newTestInflaters(t)}, stateless)
	defer d.Release()
	in := wstest.Frame(0xc2, string(inflatetest.Flushed(make([]byte, 200_000), flate.BestCompression)))
	p, pieces := bytes.Clone(in), 0
	for ev, n := decoded(&d, p); !ev.Last(); ev, n = decoded(&d, p) {
		p = p[n:]
		pieces++
		if !bytes.HasSuffix(in, p) {
			t.Fatalf("piece %d has changed what it did not use", pieces)
		}
	}
	if pieces < 200_000>>inflate.MaxWindowBits {
		t.Errorf("%d pieces", pieces)
	}
}

// TestMemoryOfCompression: what a connection holds for compressed messages, within one and
// after one. The message is "Hello" (RFC 7692 section 7.2.3.1).
func TestMemoryOfCompression(t *testing.T) {
	for _, test := range []struct {
		deflate Deflate
		history int // at least, after the message
	}{{stateless, 0}, {takeover, 5}} {
		s := newDeflateSession(t, &Config{Inflaters: newTestInflaters(t)}, test.deflate)
		if s.echo.HistorySize() != 0 || s.echo.InflaterSize() != 0 {
			t.Errorf("at first: a history of %d bytes, an inflater of %d", s.echo.HistorySize(), s.echo.InflaterSize())
		}
		s.read(wstest.Frame(0x41, "\xf2\x48"))
		if got := s.echo.InflaterSize(); got != inflaterSize {
			t.Errorf("within a message: an inflater of %d bytes", got)
		}
		s.read(wstest.Frame(0x80, "\xcd\xc9\xc9\x07\x00"))
		if got := s.echo.HistorySize(); got < test.history || test.history == 0 && got != 0 {
			t.Errorf("after a message: a history of %d bytes, want at least %d", got, test.history)
		}
	}
}
