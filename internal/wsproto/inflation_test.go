package wsproto

import (
	"bytes"
	"compress/flate"
	"fmt"
	"github.com/echosvc/echosvc/internal/wstest"
	"io"
	"slices"
	"strings"
	"testing"
)

// sent is what a session has sent, as one text.
func sent(s *session) string {
	s.t.Helper()
	return fmt.Sprint(s.frames())
}

// history is how many bytes are kept for the next message.
func (s *session) history() int {
	if s.echo.decoder.history == nil {
		return 0
	}
	return len(*s.echo.decoder.history)
}

// deflateExamples are those of RFC 7692 section 7.2.3, as a client sends them and as they
// come back: FIN, RSV1, opcode and payload, the same both ways.
var deflateExamples = []struct {
	name   string
	frames []wstest.ServerFrame
	plain  []string // what each message inflates to
}{
	{"7.2.3.1 one block", []wstest.ServerFrame{{First: 0xc1, Payload: "\xf2\x48\xcd\xc9\xc9\x07\x00"}}, []string{"Hello"}},
	{"7.2.3.1 in two fragments", []wstest.ServerFrame{{First: 0x41, Payload: "\xf2\x48\xcd"}, {First: 0x80, Payload: "\xc9\xc9\x07\x00"}}, []string{"Hello"}},
	{"7.2.3.2 sharing the window", []wstest.ServerFrame{{First: 0xc1, Payload: "\xf2\x48\xcd\xc9\xc9\x07\x00"}, {First: 0xc1, Payload: "\xf2\x00\x11\x00\x00"}}, []string{"Hello", "Hello"}},
	{"7.2.3.3 a block without compression", []wstest.ServerFrame{{First: 0xc1, Payload: "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"}}, []string{"Hello"}},
	{"7.2.3.4 a block with BFINAL", []wstest.ServerFrame{{First: 0xc1, Payload: "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"}}, []string{"Hello"}},
	{"7.2.3.5 two blocks", []wstest.ServerFrame{{First: 0xc1, Payload: "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"}}, []string{"Hello"}},
	{"7.2.3.6 an empty message", []wstest.ServerFrame{{First: 0xc1, Payload: "\x00"}}, []string{""}},
	{"a message that is not compressed between two that are", []wstest.ServerFrame{{First: 0xc1, Payload: "\xf2\x48\xcd\xc9\xc9\x07\x00"}, {First: 0x81, Payload: "plain"}, {First: 0xc1, Payload: "\xf2\x00\x11\x00\x00"}}, []string{"Hello", "Hello"}},
	{"an empty fragment first", []wstest.ServerFrame{{First: 0x42, Payload: ""}, {First: 0x80, Payload: "\xf2\x48\xcd\xc9\xc9\x07\x00"}}, []string{"Hello"}},
	{"an empty fragment last", []wstest.ServerFrame{{First: 0x42, Payload: "\xf2\x48\xcd\xc9\xc9\x07\x00"}, {First: 0x80, Payload: ""}}, []string{"Hello"}},
}

// TestCompressedMessagesGoBackVerbatim_RFC7692Section7_2_3 cuts each example at every
// place, and byte by byte.
func TestCompressedMessagesGoBackVerbatim_RFC7692Section7_2_3(t *testing.T) {
	config := &Config{Inflaters: newTestInflaters(t)}
	for _, test := range deflateExamples {
		t.Run(test.name, func(t *testing.T) {
			var in []byte
			for _, f := range test.frames {
				in = append(in, wstest.Frame(f.First, f.Payload)...)
			}
			for cut := range len(in) + 1 {
				s := newDeflateSession(t, config, takeover)
				var plain []string
				read := func(p []byte) {
					s.read(p)
					for _, ev := range s.events {
						if ev.Compressed && ev.End && ev.Fin {
							plain = append(plain, string(ev.Plain))
						}
					}
				}
				if cut == 0 {
					for i := range in {
						read(in[i : i+1])
					}
				} else {
					read(in[:cut])
					read(in[cut:])
				}
				if sent(s) != fmt.Sprint(test.frames) || !slices.Equal(plain, test.plain) {
					t.Fatalf("cut at %d: sent %v of %q, want %v of %q", cut, s.frames(), plain, test.frames, test.plain)
				}
			}
		})
	}
}

// TestControlFramesWithinACompressedMessage_RFC7692Section6_1: they are not compressed,
// and do not disturb it.
func TestControlFramesWithinACompressedMessage_RFC7692Section6_1(t *testing.T) {
	s := newDeflateSession(t, &Config{Inflaters: newTestInflaters(t)}, stateless)
	if s.echo.Deflate() != stateless {
		t.Errorf("agreed on %v", s.echo.Deflate())
	}
	s.read(join(wstest.Frame(0x41, "\xf2\x48\xcd"), wstest.Frame(0x89, "ping"), wstest.Frame(0x8a, ""), wstest.Frame(0x80, "\xc9\xc9\x07\x00"), wstest.Frame(0x88, "\x03\xe8")))
	want := []wstest.ServerFrame{{First: 0x41, Payload: "\xf2\x48\xcd"}, {First: 0x8a, Payload: "ping"}, {First: 0x80, Payload: "\xc9\xc9\x07\x00"}, {First: 0x88, Payload: "\x03\xe8"}}
	if got := s.frames(); !slices.Equal(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
}

// TestLargeCompressedFrame_Section5_4: one that is over MaxWhole goes back piece by piece;
// RSV1 stands on the first piece only, and the bytes in order are the client's.
func TestLargeCompressedFrame_Section5_4(t *testing.T) {
	payload := string(deflated(noise(3*MaxWhole), flate.BestSpeed))
	in := wstest.Frame(0xc2, payload)
	s := newDeflateSession(t, &Config{Inflaters: newTestInflaters(t)}, stateless)
	for rest := in; len(rest) > 0; {
		n := min(len(rest), 30_000)
		s.read(rest[:n])
		rest = rest[n:]
	}
	frames := s.frames()
	if len(frames) < 2 || frames[0].First != 0x42 || frames[1].First != 0x00 || frames[len(frames)-1].First != 0x80 {
		t.Errorf("%d frames, the first is %02x", len(frames), frames[0].First)
	}
	if got := wstest.Messages(t, frames); len(got) != 1 || got[0] != (wstest.Message{Opcode: 2, Compressed: true, Payload: payload}) {
		t.Errorf("%d messages, not what was sent", len(got))
	}
}

// TestCompressedMessageSizeLimit: the limit counts inflated bytes, exactly, whole and in
// fragments.
func TestCompressedMessageSizeLimit(t *testing.T) {
	const limit = 70_000
	config := &Config{MaxMessageSize: limit, LimitReason: "over the test's limit", Inflaters: newTestInflaters(t)}
	for _, size := range []int{limit, limit + 1} {
		for _, plain := range [][]byte{make([]byte, size), noise(size)} {
			message := string(deflated(plain, flate.BestSpeed))
			half := len(message) / 2
			for name, in := range map[string][]byte{
				"whole":     wstest.Frame(0xc2, message),
				"fragments": join(wstest.Frame(0x42, message[:half]), wstest.Frame(0x80, message[half:])),
			} {
				s := newDeflateSession(t, config, stateless)
				s.read(join(in, in)) // each message counts for itself
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

// TestBombYields: a read that inflates to very much is answered in turns, none of which
// inflates much more than enough, and is all answered without another read.
func TestBombYields(t *testing.T) {
	bomb := string(deflated(make([]byte, 64<<20), flate.BestCompression))
	for name, in := range map[string][]byte{
		"one message":   wstest.Frame(0xc2, bomb),
		"many messages": bytes.Repeat(wstest.Frame(0xc2, string(deflated(make([]byte, 1<<20), flate.BestCompression))), 64),
	} {
		t.Run(name, func(t *testing.T) {
			echo := NewEcho(&Config{Inflaters: newTestInflaters(t)}, stateless)
			defer echo.Release()
			mem := make([]byte, Headroom+len(in))
			b := Buffer{Mem: mem, Start: Headroom, End: Headroom + copy(mem[Headroom:], in)}
			var out []byte
			for turns := 1; ; turns++ {
				ev := echo.Next(&b)
				for ; ev.Kind == Data; ev = echo.Next(&b) {
				}
				if most := 2*enoughWork + 2*inflateCut*1032; b.work > most { // RFC 1951: 258 bytes of 2 bits
					t.Fatalf("a turn has inflated %d bytes", b.work)
				}
				out = append(out, b.Out()...)
				if ev.Kind == NeedMore {
					if turns < 10 {
						t.Errorf("answered in %d turns", turns)
					}
					break
				}
				kept := copy(mem[Headroom:], mem[b.Start:b.End])
				b = Buffer{Mem: mem, Start: Headroom, End: Headroom + kept}
			}
			size := 0
			for _, m := range wstest.Messages(t, wstest.ReadFrames(t, out)) {
				plain, _, _ := flateVerdict([]byte(m.Payload + "\x00\x00\xff\xff\x03\x00"))
				size += len(plain)
			}
			if size != 64<<20 {
				t.Errorf("%d bytes came back", size)
			}
		})
	}
}

// emptyDynamicBlocks are four dynamic blocks with nothing but their end (RFC 1951 section
// 3.2.7), of 94 bits each.
const emptyDynamicBlocks = "\x04\xc0\x81\b\x00\x00\x00\x00\xa0\xfd\xa9/\x01p \x02\x00\x00\x00\x00h\x7f\xeaK\x00\x1c\x88\x00\x00\x00\x00\x00\u069f\xfa\x12\x00\a\"\x00\x00\x00\x00\x80\xf6\xa7\xbe"

// TestWorkThatInflatesToNothingYields: what costs time counts, not only what comes out of it.
func TestWorkThatInflatesToNothingYields(t *testing.T) {
	primed := wstest.Frame(0xc2, string(deflated(noise(40_000), flate.BestSpeed)))
	tests := map[string]struct {
		deflate Deflate
		in      []byte
		turns   int
	}{
		"messages of one byte that take the window over": {takeover, join(primed, bytes.Repeat(wstest.Frame(0xc2, "\x00"), 10_000)), 70},
		"blocks with codes of their own":                 {stateless, wstest.Frame(0xc2, strings.Repeat(emptyDynamicBlocks, 5_000)+"\x00"), 15},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newDeflateSession(t, &Config{Inflaters: newTestInflaters(t)}, test.deflate)
			turns := 1
			for again := s.receive(test.in); again; again = s.receive(nil) {
				turns++
			}
			if turns < test.turns {
				t.Errorf("answered in %d turns", turns)
			}
		})
	}
}

// TestTakeover_RFC7692Section7_1_1 sends 1,000 messages over one window, compressible, not
// compressible, and not compressed, in turn, and reads the answers with a reference
// inflater that has one window as well.
func TestTakeover_RFC7692Section7_1_1(t *testing.T) {
	s := newDeflateSession(t, &Config{Inflaters: newTestInflaters(t)}, takeover)
	var wire bytes.Buffer
	deflater, err := flate.NewWriter(&wire, flate.DefaultCompression)
	if err != nil {
		t.Fatal(err)
	}
	var stream bytes.Buffer // what the reference inflater reads
	inflater := flate.NewReader(&stream)
	random := noise(100_000)
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
			t.Fatalf("message %d came back changed", i)
		}
	}
	if kept := s.history(); kept != maxWindow {
		t.Errorf("%d bytes of history are kept", kept)
	}
}

// TestInflaterIsLentForAMessage: between two messages a connection has none, and without
// context takeover nothing at all.
func TestInflaterIsLentForAMessage(t *testing.T) {
	for name, deflate := range map[string]Deflate{"stateless": stateless, "takeover, a window of 512": {agreed: true, ServerMaxWindowBits: 9, ClientMaxWindowBits: 9}} {
		t.Run(name, func(t *testing.T) {
			pool := newTestInflaters(t)
			s := newDeflateSession(t, &Config{Inflaters: pool}, deflate)
			message := string(deflated(make([]byte, 10_000), flate.BestSpeed))
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
					t.Errorf("behind %x %d inflaters are lent, want %d", step.in[:1], pool.lent, step.lent)
				}
			}
			if kept, most := s.history(), map[bool]int{false: 512}[deflate.ClientNoContextTakeover]; kept != most {
				t.Errorf("%d bytes of history are kept, want %d", kept, most)
			}
		})
	}
}

// TestSaved: the difference that compression made, which can be a loss.
func TestSaved(t *testing.T) {
	s := newDeflateSession(t, &Config{Inflaters: newTestInflaters(t)}, stateless)
	large := string(deflated(make([]byte, 10_000), flate.BestSpeed))
	for _, test := range []struct {
		in   []byte
		want int64
	}{
		{wstest.Frame(0xc2, large), 10_000 - int64(len(large))},
		{wstest.Frame(0xc1, "\x00\x05\x00\xfa\xffHello\x00"), -6},
		{wstest.Frame(0x81, "plain"), 0},
	} {
		s.read(test.in)
		if ev := s.events[0]; ev.Saved != test.want {
			t.Errorf("saved %d, want %d", ev.Saved, test.want)
		}
	}
}

// TestCompressedEchoAllocatesNothing holds with and without context takeover, once the
// window is full.
func TestCompressedEchoAllocatesNothing(t *testing.T) {
	for name, deflate := range map[string]Deflate{"stateless": stateless, "takeover": takeover} {
		load := echoLoad{in: wstest.Frame(0xc2, string(deflated(orders(), flate.BestSpeed)))}
		echo, mem := NewEcho(&Config{Inflaters: newTestInflaters(t)}, deflate), make([]byte, Headroom+len(load.in))
		for range 20 {
			load.run(&echo, mem)
		}
		if n := testing.AllocsPerRun(10, func() { load.run(&echo, mem) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
