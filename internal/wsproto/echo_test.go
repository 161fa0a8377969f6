package wsproto

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/inflate/inflatetest"
	"github.com/echosvc/echosvc/internal/wstest"
)

func TestEcho_Section5_6(t *testing.T) {
	tests := []struct {
		name string
		in   [][]byte
		want []wstest.ServerFrame
	}{
		{"text", [][]byte{wstest.Frame(0x81, "Hello")}, []wstest.ServerFrame{{First: 0x81, Payload: "Hello"}}},
		{"binary", [][]byte{wstest.Frame(0x82, "\x00\xff")}, []wstest.ServerFrame{{First: 0x82, Payload: "\x00\xff"}}},
		{"empty text", [][]byte{wstest.Frame(0x81, "")}, []wstest.ServerFrame{{First: 0x81, Payload: ""}}},
		{"empty binary", [][]byte{wstest.Frame(0x82, "")}, []wstest.ServerFrame{{First: 0x82, Payload: ""}}},
		{"beyond ASCII", [][]byte{wstest.Frame(0x81, "κόσμε \U0001f600")}, []wstest.ServerFrame{{First: 0x81, Payload: "κόσμε \U0001f600"}}},
		{"a masking key of zeros", [][]byte{wstest.FrameWithKey(0x81, "Hello", [4]byte{})}, []wstest.ServerFrame{{First: 0x81, Payload: "Hello"}}},
		{"fragments", [][]byte{wstest.Frame(0x01, "Hel"), wstest.Frame(0x00, ""), wstest.Frame(0x80, "lo")},
			[]wstest.ServerFrame{{First: 0x01, Payload: "Hel"}, {First: 0x00, Payload: ""}, {First: 0x80, Payload: "lo"}}},
		{"a character cut by a fragment", [][]byte{wstest.Frame(0x01, "\xe2"), wstest.Frame(0x80, "\x82\xac")},
			[]wstest.ServerFrame{{First: 0x01, Payload: "\xe2"}, {First: 0x80, Payload: "\x82\xac"}}},
		{"ping between fragments", [][]byte{wstest.Frame(0x01, "Hel"), wstest.Frame(0x89, "p"), wstest.Frame(0x80, "lo")},
			[]wstest.ServerFrame{{First: 0x01, Payload: "Hel"}, {First: 0x8a, Payload: "p"}, {First: 0x80, Payload: "lo"}}},
		{"ping", [][]byte{wstest.Frame(0x89, "")}, []wstest.ServerFrame{{First: 0x8a, Payload: ""}}},
		{"longest ping", [][]byte{wstest.Frame(0x89, strings.Repeat("x", 125))}, []wstest.ServerFrame{{First: 0x8a, Payload: strings.Repeat("x", 125)}}},
		{"pong is not answered", [][]byte{wstest.Frame(0x8a, "x"), wstest.Frame(0x81, "a")}, []wstest.ServerFrame{{First: 0x81, Payload: "a"}}},
		{"close without a payload", [][]byte{wstest.Frame(0x88, "")}, []wstest.ServerFrame{{First: 0x88, Payload: ""}}},
		{"close with a code", [][]byte{wstest.Frame(0x88, "\x03\xe8")}, []wstest.ServerFrame{{First: 0x88, Payload: "\x03\xe8"}}},
		{"close with a code and a reason", [][]byte{wstest.Frame(0x88, "\x0f\xa0done €")}, []wstest.ServerFrame{{First: 0x88, Payload: "\x0f\xa0done €"}}},
		{"nothing is answered after a close", [][]byte{wstest.Frame(0x88, "\x03\xe8"), wstest.Frame(0x81, "late"), wstest.Frame(0x89, "late")},
			[]wstest.ServerFrame{{First: 0x88, Payload: "\x03\xe8"}}},
		{"close within a message", [][]byte{wstest.Frame(0x01, "Hel"), wstest.Frame(0x88, "\x03\xe9")},
			[]wstest.ServerFrame{{First: 0x01, Payload: "Hel"}, {First: 0x88, Payload: "\x03\xe9"}}},
		{"close within a character", [][]byte{wstest.Frame(0x01, "\xe2"), wstest.Frame(0x88, "")},
			[]wstest.ServerFrame{{First: 0x01, Payload: "\xe2"}, {First: 0x88, Payload: ""}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in := join(test.in...)
			for _, size := range []int{len(in), 1} {
				s := newSession(t, &Config{})
				s.readInCuts(in, size)
				if got := s.frames(); !slices.Equal(got, test.want) {
					t.Errorf("in reads of %d: got %v, want %v", size, got, test.want)
				}
				if len(s.kept) != 0 {
					t.Errorf("in reads of %d: %d bytes are kept at the end", size, len(s.kept))
				}
			}
		})
	}
}

func TestTenPings_Section5_5_3(t *testing.T) {
	var in []byte
	var want []wstest.ServerFrame
	for i := range 10 {
		in = append(in, wstest.Frame(0x89, fmt.Sprint(i))...)
		want = append(want, wstest.ServerFrame{First: 0x8a, Payload: fmt.Sprint(i)})
	}
	s := newSession(t, &Config{})
	s.read(in)
	if got := s.frames(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestPayloadLengths_Section5_2 has lengths at the edges of their encodings, in reads of
// several sizes. Up to MaxWhole bytes, the answer is one frame every time.
func TestPayloadLengths_Section5_2(t *testing.T) {
	for _, length := range []int{0, 1, 125, 126, 127, 65534, 65535, 65536, 65537, 200000} {
		payload := strings.Repeat("0123456789abcdef-", length/17+1)[:length]
		in := wstest.Frame(0x82, payload)
		for _, size := range []int{len(in), 1, 7, 1460, 60000} {
			if size < 1000 && length > 1000 {
				continue // the session would copy what is kept too often
			}
			s := newSession(t, &Config{})
			s.readInCuts(in, size)
			frames := s.frames()
			if whole := length <= MaxWhole || size == len(in); whole && len(frames) != 1 {
				t.Errorf("%d bytes in reads of %d: %d frames, want 1", length, size, len(frames))
			} else if !whole && len(frames) < 2 {
				t.Errorf("%d bytes in reads of %d: 1 frame, want pieces", length, size)
			}
			if got := wstest.Messages(t, frames); len(got) != 1 || got[0] != (wstest.Message{Opcode: 2, Payload: payload}) {
				t.Errorf("%d bytes in reads of %d: the payload has changed", length, size)
			}
		}
	}
}

// TestLargeFrame_Section5_4 checks that a frame over MaxWhole is answered as it arrives. A
// server that announced the client's length could send neither a pong nor a close frame
// until the client had finished.
func TestLargeFrame_Section5_4(t *testing.T) {
	s := newSession(t, &Config{})
	in := wstest.Frame(0x01, strings.Repeat("a", 100000))
	s.read(in[:10])
	s.read(in[10:14])
	if len(s.out) != 0 || len(s.kept) != 0 {
		t.Fatalf("after the header: sent %x, kept %x", s.out, s.kept)
	}
	s.read(in[14 : 14+MinPiece-1])
	if len(s.out) != 0 || len(s.kept) != MinPiece-1 {
		t.Fatalf("one byte before MinPiece: sent %d bytes, kept %d", len(s.out), len(s.kept))
	}
	s.read(in[14+MinPiece-1 : 14+MinPiece])
	s.read(in[14+MinPiece : 90000])
	s.read(join(in[90000:], wstest.Frame(0x89, "p"), wstest.Frame(0x80, "end")))
	var got []string
	for _, f := range s.frames() {
		got = append(got, fmt.Sprintf("%02x %d", f.First, len(f.Payload)))
	}
	want := []string{"01 16384", "00 73602", "00 10014", "8a 1", "80 3"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestSmallSegments checks that 1 MiB in segments of 64 bytes comes back in at most 64
// fragments, all but the last of at least MinPiece bytes.
func TestSmallSegments(t *testing.T) {
	const size = 1 << 20
	noise := string(inflatetest.Noise(size))
	compressed := string(inflatetest.Flushed(inflatetest.Noise(size-500), 1))
	if len(compressed) > size || len(compressed) < size-500 {
		t.Fatalf("the compressed message has %d bytes", len(compressed))
	}
	for name, test := range map[string]struct {
		first   byte
		payload string
		deflate Deflate
	}{
		"plain":      {0x82, noise, Deflate{}},
		"compressed": {0xc2, compressed, stateless},
	} {
		t.Run(name, func(t *testing.T) {
			e := NewEcho(&Config{Inflaters: newTestInflaters(t)}, test.deflate)
			defer e.Release()
			in := wstest.Frame(test.first, test.payload)
			var out []byte
			mem, kept := make([]byte, MinBuffer), 0
			for rest := in; len(rest) > 0; {
				n := copy(mem[Headroom+kept:][:min(64, len(rest))], rest)
				rest = rest[n:]
				b := Buffer{Mem: mem, Start: Headroom, End: Headroom + kept + n}
				ev := e.Next(&b)
				for ; ev.Kind == Data; ev = e.Next(&b) {
				}
				if ev.Kind != NeedMore {
					t.Fatalf("the event is %+v", ev)
				}
				out = append(out, b.Out()...)
				kept = copy(mem[Headroom:], mem[b.Start:b.End])
				if kept >= MinPiece {
					t.Fatalf("%d bytes are kept", kept)
				}
			}
			frames := wstest.ReadFrames(t, out)
			if len(frames) > 64 {
				t.Errorf("%d fragments", len(frames))
			}
			for i, f := range frames[:len(frames)-1] {
				if len(f.Payload) < MinPiece {
					t.Errorf("fragment %d has %d bytes", i, len(f.Payload))
				}
			}
			want := wstest.Message{Opcode: 2, Compressed: test.first&0x40 != 0, Payload: test.payload}
			if got := wstest.Messages(t, frames); len(got) != 1 || got[0] != want {
				t.Error("the message has changed")
			}
		})
	}
}

// TestManySmallFrames sends a million fragments of one byte, a million empty ones and a
// million messages on one connection, which keeps nothing between reads.
func TestManySmallFrames(t *testing.T) {
	s := newSession(t, &Config{MaxMessageSize: 1 << 20})
	run := func(name string, frame []byte) {
		const perRead = 10_000
		reads := 100
		if raceEnabled {
			reads = 5
		}
		in := strings.Repeat(string(frame), perRead)
		for range reads {
			s.out = s.out[:0]
			s.read([]byte(in))
			if len(s.out) != (len(frame)-4)*perRead || len(s.kept) != 0 {
				t.Fatalf("%s: sent %d bytes, kept %d", name, len(s.out), len(s.kept))
			}
		}
	}
	s.read(wstest.Frame(0x02, "x"))
	run("fragments of one byte", wstest.Frame(0x00, "x"))
	run("empty fragments", wstest.Frame(0x00, ""))
	s.read(wstest.Frame(0x80, ""))
	run("messages", wstest.Frame(0x81, "y"))
}

// TestRandomCuts sends random frames in random cuts. The messages that come back are the same as
// in one read.
func TestRandomCuts(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	rounds := 300
	if raceEnabled {
		rounds = 20
	}
	for range rounds {
		in := randomFrames(random)
		whole := newSession(t, &Config{})
		whole.read(in)
		want := wstest.Messages(t, whole.frames())
		s := newSession(t, &Config{})
		for rest := in; len(rest) > 0; {
			n := 1 + random.IntN(len(rest))
			if random.IntN(2) == 0 {
				n = min(n, 1+random.IntN(20))
			}
			s.read(rest[:n])
			rest = rest[n:]
		}
		if got := wstest.Messages(t, s.frames()); !slices.Equal(got, want) {
			t.Fatalf("got %v\nwant %v", got, want)
		}
	}
}

// randomFrames returns some messages, fragmented, with pings in between, and a close frame.
func randomFrames(random *rand.Rand) []byte {
	var in []byte
	for range 1 + random.IntN(8) {
		fragments := 1 + random.IntN(3)
		for i := range fragments {
			size := []int{0, 5, 125, 126, 1000, 65535, 65536, 70000}[random.IntN(8)]
			first := byte(0)
			if i == 0 {
				first = 1 + byte(random.IntN(2))
			}
			if i == fragments-1 {
				first |= 0x80
			}
			var key [4]byte
			for i := range key {
				key[i] = byte(random.IntN(256))
			}
			in = append(in, wstest.FrameWithKey(first, strings.Repeat("x€"[:1+3*random.IntN(2)], size)[:size/4*4], key)...)
			if random.IntN(3) == 0 {
				in = append(in, wstest.Frame(0x89, "ping")...)
			}
		}
	}
	return append(in, wstest.Frame(0x88, "\x03\xe8")...)
}

func TestMidMessage_Section5_4(t *testing.T) {
	s := newSession(t, &Config{})
	for _, step := range []struct {
		in   []byte
		want bool
	}{
		{wstest.Frame(0x01, "a"), true},
		{wstest.Frame(0x89, "ping"), true},
		{wstest.Frame(0x80, "b"), false},
		{wstest.Frame(0x02, "half")[:8], false}, // held, so nothing has been sent
	} {
		s.read(step.in)
		if got := s.echo.MidMessage(); got != step.want {
			t.Errorf("after %x: %v", step.in, got)
		}
	}
}

// TestDrop checks that dropped events are taken off the input and not answered, and that the
// others are answered as before.
func TestDrop(t *testing.T) {
	tests := []struct {
		name    string
		in      [][]byte
		drop    Kind
		want    string
		dropped string // the payloads
		done    bool
	}{
		{"a ping", [][]byte{wstest.Frame(0x81, "a"), wstest.Frame(0x89, "ping"), wstest.Frame(0x81, "b")}, Ping, "\x81\x01a\x81\x01b", "ping", false},
		{"a pong", [][]byte{wstest.Frame(0x8a, "pong"), wstest.Frame(0x81, "b")}, Pong, "\x81\x01b", "pong", false},
		{"data", [][]byte{wstest.Frame(0x01, "a"), wstest.Frame(0x89, "p"), wstest.Frame(0x80, "b")}, Data, "\x8a\x01p", "ab", false},
		{"a close frame", [][]byte{wstest.Frame(0x88, "\x03\xe8"), wstest.Frame(0x81, "b")}, Close, "\x81\x01b", "\x03\xe8", false},
		{"a protocol error", [][]byte{wstest.Frame(0x81, "a"), []byte("\x83"), wstest.Frame(0x81, "b")}, Failed, "\x81\x01a", "", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBuffer(test.in...)
			e := NewEcho(&Config{}, Deflate{})
			var dropped []byte
			for ev := e.Decode(b); ev.Kind != NeedMore; ev = e.Decode(b) {
				if ev.Kind == test.drop {
					dropped = append(dropped, ev.Payload...)
					e.Drop(b, ev)
				} else {
					e.Answer(b, ev)
				}
			}
			if got := string(b.Out()); got != test.want || string(dropped) != test.dropped {
				t.Errorf("sent %q and dropped %q, want %q and %q", got, dropped, test.want, test.dropped)
			}
			if b.Start != b.End || e.Done() != test.done || e.CloseReceived() || e.CloseSent() {
				t.Errorf("%d bytes are left, Done %v, CloseReceived %v, CloseSent %v", b.End-b.Start, e.Done(), e.CloseReceived(), e.CloseSent())
			}
		})
	}
}

// TestOwnFragments drops data and sends it in fragments of its own, while the Echo answers
// the pings in between.
func TestOwnFragments(t *testing.T) {
	message := string(inflatetest.Flushed(inflatetest.JSON(), 6))
	in := join(wstest.Frame(0x41, message[:100]), wstest.Frame(0x89, "p"), wstest.Frame(0x80, message[100:]), wstest.Frame(0x81, "plain"))
	want := []wstest.Message{{Opcode: 1, Compressed: true, Payload: message}, {Opcode: 1, Payload: "plain"}}
	for _, size := range []int{1, 7, len(in)} {
		e := NewEcho(&Config{Inflaters: newTestInflaters(t)}, takeover)
		defer e.Release()
		var kept, out, echoed, inflated []byte
		begun := false
		for piece := range slices.Chunk(in, size) {
			b := newBuffer(kept, piece)
			for ev := e.Decode(b); ev.Kind != NeedMore; ev = e.Decode(b) {
				if ev.Kind != Data {
					e.Answer(b, ev)
					continue
				}
				f := Frame{Fin: ev.Last(), Payload: ev.Payload}
				if !begun {
					f.Opcode, f.Compressed = ev.Opcode, ev.Compressed
				}
				begun = !f.Fin
				out = AppendFrame(out, f)
				inflated = append(inflated, ev.Inflated...)
				e.Drop(b, ev)
			}
			echoed = append(echoed, b.Out()...)
			kept = bytes.Clone(b.Mem[b.Start:b.End])
		}
		if got := wstest.Messages(t, wstest.ReadFrames(t, out)); !slices.Equal(got, want) || string(echoed) != "\x8a\x01p" {
			t.Errorf("in reads of %d: got %v and %q", size, got, echoed)
		}
		if !bytes.Equal(inflated, inflatetest.JSON()) {
			t.Errorf("in reads of %d: inflated %d bytes, not the message", size, len(inflated))
		}
	}
}

// TestEchoAllocatesNothing checks every kind of message.
func TestEchoAllocatesNothing(t *testing.T) {
	loads := echoLoads
	if raceEnabled {
		loads = loads[:3]
	}
	for _, load := range loads {
		echo, mem := NewEcho(&Config{}, Deflate{}), make([]byte, Headroom+len(load.in))
		if n := testing.AllocsPerRun(10, func() { load.run(&echo, mem) }); n != 0 {
			t.Errorf("%s: %v allocations", load.name, n)
		}
	}
}
