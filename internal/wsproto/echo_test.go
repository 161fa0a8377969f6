package wsproto

import (
	"fmt"
	"github.com/echosvc/echosvc/internal/wstest"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestEchoGivesBackWhatWasSent_Section5_6(t *testing.T) {
	tests := []struct {
		name string
		in   [][]byte
		want []wstest.ServerFrame
	}{
		{"text", [][]byte{wstest.Frame(0x81, "Hello")}, []wstest.ServerFrame{{First: 0x81, Payload: "Hello"}}},
		{"binary stays binary", [][]byte{wstest.Frame(0x82, "\x00\xff")}, []wstest.ServerFrame{{First: 0x82, Payload: "\x00\xff"}}},
		{"empty text", [][]byte{wstest.Frame(0x81, "")}, []wstest.ServerFrame{{First: 0x81, Payload: ""}}},
		{"empty binary", [][]byte{wstest.Frame(0x82, "")}, []wstest.ServerFrame{{First: 0x82, Payload: ""}}},
		{"beyond ASCII", [][]byte{wstest.Frame(0x81, "κόσμε \U0001f600")}, []wstest.ServerFrame{{First: 0x81, Payload: "κόσμε \U0001f600"}}},
		{"a masking key of zeros", [][]byte{wstest.FrameWithKey(0x81, "Hello", [4]byte{})}, []wstest.ServerFrame{{First: 0x81, Payload: "Hello"}}},
		{"fragments are kept", [][]byte{wstest.Frame(0x01, "Hel"), wstest.Frame(0x00, ""), wstest.Frame(0x80, "lo")},
			[]wstest.ServerFrame{{First: 0x01, Payload: "Hel"}, {First: 0x00, Payload: ""}, {First: 0x80, Payload: "lo"}}},
		{"a character cut by a fragment", [][]byte{wstest.Frame(0x01, "\xe2"), wstest.Frame(0x80, "\x82\xac")},
			[]wstest.ServerFrame{{First: 0x01, Payload: "\xe2"}, {First: 0x80, Payload: "\x82\xac"}}},
		{"ping between fragments", [][]byte{wstest.Frame(0x01, "Hel"), wstest.Frame(0x89, "p"), wstest.Frame(0x80, "lo")},
			[]wstest.ServerFrame{{First: 0x01, Payload: "Hel"}, {First: 0x8a, Payload: "p"}, {First: 0x80, Payload: "lo"}}},
		{"ping", [][]byte{wstest.Frame(0x89, "")}, []wstest.ServerFrame{{First: 0x8a, Payload: ""}}},
		{"longest ping", [][]byte{wstest.Frame(0x89, strings.Repeat("x", 125))}, []wstest.ServerFrame{{First: 0x8a, Payload: strings.Repeat("x", 125)}}},
		{"pong is not answered", [][]byte{wstest.Frame(0x8a, "x"), wstest.Frame(0x81, "a")}, []wstest.ServerFrame{{First: 0x81, Payload: "a"}}},
		{"close without a payload", [][]byte{wstest.Frame(0x88, "")}, []wstest.ServerFrame{{First: 0x88, Payload: ""}}},
		{"close code alone", [][]byte{wstest.Frame(0x88, "\x03\xe8")}, []wstest.ServerFrame{{First: 0x88, Payload: "\x03\xe8"}}},
		{"close code and reason", [][]byte{wstest.Frame(0x88, "\x0f\xa0done €")}, []wstest.ServerFrame{{First: 0x88, Payload: "\x0f\xa0done €"}}},
		{"nothing behind a close", [][]byte{wstest.Frame(0x88, "\x03\xe8"), wstest.Frame(0x81, "late"), wstest.Frame(0x89, "late")},
			[]wstest.ServerFrame{{First: 0x88, Payload: "\x03\xe8"}}},
		{"close within a message", [][]byte{wstest.Frame(0x01, "Hel"), wstest.Frame(0x88, "\x03\xe9")},
			[]wstest.ServerFrame{{First: 0x01, Payload: "Hel"}, {First: 0x88, Payload: "\x03\xe9"}}},
		{"close within a character", [][]byte{wstest.Frame(0x01, "\xe2"), wstest.Frame(0x88, "")},
			[]wstest.ServerFrame{{First: 0x01, Payload: "\xe2"}, {First: 0x88, Payload: ""}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, got := echoed(t, &Config{}, join(test.in...)); !slices.Equal(got, test.want) {
				t.Errorf("in one read: got %v, want %v", got, test.want)
			}
			s := newSession(t, &Config{})
			for _, b := range join(test.in...) {
				s.read([]byte{b})
			}
			if got := s.frames(); !slices.Equal(got, test.want) {
				t.Errorf("byte by byte: got %v, want %v", got, test.want)
			}
			if len(s.kept) != 0 {
				t.Errorf("%d bytes are kept at the end", len(s.kept))
			}
		})
	}
}

func TestTenPingsInOneReadGetTenPongsInOrder_Section5_5_3(t *testing.T) {
	var in []byte
	var want []wstest.ServerFrame
	for i := range 10 {
		in = append(in, wstest.Frame(0x89, fmt.Sprint(i))...)
		want = append(want, wstest.ServerFrame{First: 0x8a, Payload: fmt.Sprint(i)})
	}
	if _, got := echoed(t, &Config{}, in); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestLengthsAtTheEdgesOfTheirForms_Section5_2 sends payloads at the edges in one read and
// in reads of several sizes. Up to MaxWhole bytes the answer is one frame in every case.
func TestLengthsAtTheEdgesOfTheirForms_Section5_2(t *testing.T) {
	for _, length := range []int{0, 1, 125, 126, 127, 65534, 65535, 65536, 65537, 200000} {
		payload := strings.Repeat("0123456789abcdef-", length/17+1)[:length]
		in := wstest.Frame(0x82, payload)
		for _, size := range []int{len(in), 1, 7, 1460, 60000} {
			if size < 1000 && length > 1000 {
				continue // would copy what is kept too often
			}
			s := newSession(t, &Config{})
			for rest := in; len(rest) > 0; rest = rest[min(size, len(rest)):] {
				s.read(rest[:min(size, len(rest))])
			}
			frames := s.frames()
			if whole := length <= MaxWhole || size == len(in); whole && len(frames) != 1 {
				t.Errorf("%d bytes in reads of %d: %d frames, want 1", length, size, len(frames))
			} else if !whole && len(frames) < 2 {
				t.Errorf("%d bytes in reads of %d: answered whole", length, size)
			}
			if got := wstest.Messages(t, frames); len(got) != 1 || got[0] != (wstest.Message{Opcode: 2, Payload: payload}) {
				t.Errorf("%d bytes in reads of %d: came back changed", length, size)
			}
		}
	}
}

// TestLargeFrameIsAnsweredAsItArrives_Section5_4: a server that announced the client's
// length could send neither pong nor close until the client had finished.
func TestLargeFrameIsAnsweredAsItArrives_Section5_4(t *testing.T) {
	s := newSession(t, &Config{})
	in := wstest.Frame(0x01, strings.Repeat("a", 100000))
	s.read(in[:10])
	s.read(in[10:14]) // the header alone is answered with nothing
	if len(s.out) != 0 || len(s.kept) != 0 {
		t.Fatalf("sent %x and kept %x of a header", s.out, s.kept)
	}
	s.read(in[14:1014])
	s.read(in[1014:90000])
	s.read(join(in[90000:], wstest.Frame(0x89, "p"), wstest.Frame(0x80, "end")))
	var got []string
	for _, f := range s.frames() {
		got = append(got, fmt.Sprintf("%02x %d", f.First, len(f.Payload)))
	}
	want := []string{"01 1000", "00 88986", "00 10014", "8a 1", "80 3"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestManySmallFragmentsLeaveNothingBehind: a million fragments of one byte, then a
// million messages, on one connection; what is kept between reads is nothing.
func TestManySmallFragmentsLeaveNothingBehind(t *testing.T) {
	s := newSession(t, &Config{MaxMessageSize: 1 << 20})
	run := func(name string, frame []byte, frames int) {
		const perRead = 10000
		in := strings.Repeat(string(frame), perRead)
		for range frames / perRead {
			s.out = s.out[:0]
			s.read([]byte(in))
			if len(s.out) != (len(frame)-4)*perRead || len(s.kept) != 0 {
				t.Fatalf("%s: sent %d bytes, kept %d", name, len(s.out), len(s.kept))
			}
		}
	}
	s.read(wstest.Frame(0x02, "x"))
	run("fragments of one byte", wstest.Frame(0x00, "x"), 1_000_000)
	run("empty fragments", wstest.Frame(0x00, ""), 1_000_000)
	s.read(wstest.Frame(0x80, ""))
	run("messages", wstest.Frame(0x81, "y"), 1_000_000)
}

// TestAnyCutsGiveTheSameMessages sends random frames in random cuts: what comes back is
// the same messages as of one read.
func TestAnyCutsGiveTheSameMessages(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		in := randomFrames(random)
		_, whole := echoed(t, &Config{}, in)
		want := wstest.Messages(t, whole)
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

// randomFrames makes some messages, fragmented, with pings between, and a close frame.
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

// TestServersClose_Section7_1_2: behind its own close frame the server answers nothing,
// and waits for the client's.
func TestServersClose_Section7_1_2(t *testing.T) {
	s := newSession(t, &Config{})
	s.read(wstest.Frame(0x82, "half")[:8]) // is kept, and dropped by the close
	frame := s.echo.AppendClose(nil, GoingAway, "bye")
	if string(frame) != "\x88\x05\x03\xe9bye" || !s.echo.CloseSent() || s.echo.CloseReceived() || s.echo.Last() {
		t.Fatalf("AppendClose = %x", frame)
	}
	s.read(join(wstest.Frame(0x82, "half")[8:], wstest.Frame(0x81, "late"), wstest.Frame(0x89, "late"), wstest.Frame(0x8a, "late"), wstest.Frame(0x01, strings.Repeat("a", 70000))[:500]))
	if len(s.out) != 0 || len(s.kept) != 0 || s.echo.Last() {
		t.Fatalf("sent %x, kept %x, ended %v", s.out, s.kept, s.echo.Last())
	}
	s.read([]byte(wstest.Frame(0x01, strings.Repeat("a", 70000))[500:]))
	s.read(wstest.Frame(0x88, "\x03\xe9"))
	if len(s.out) != 0 || !s.echo.Last() || !s.echo.CloseReceived() {
		t.Errorf("sent %x, ended %v, close received %v", s.out, s.echo.Last(), s.echo.CloseReceived())
	}
	if ev := s.events[0]; ev.Kind != Close || ev.Code != GoingAway {
		t.Errorf("the event is %+v", ev)
	}
}

func TestServersPing_Section5_5_2(t *testing.T) {
	e := NewEcho(&Config{}, Deflate{})
	if got := string(e.AppendPing([]byte("x"), []byte("abc"))); got != "x\x89\x03abc" {
		t.Errorf("got %x", got)
	}
}

// TestEchoAllocatesNothing holds for every kind of message.
func TestEchoAllocatesNothing(t *testing.T) {
	for _, load := range echoLoads {
		echo, mem := NewEcho(&Config{}, Deflate{}), make([]byte, Headroom+len(load.in))
		if n := testing.AllocsPerRun(10, func() { load.run(&echo, mem) }); n != 0 {
			t.Errorf("%s: %v allocations", load.name, n)
		}
	}
}
