package wsproto

import (
	"bytes"
	"slices"
	"testing"

	"github.com/echosvc/echosvc/internal/inflate/inflatetest"
	"github.com/echosvc/echosvc/internal/wstest"
)

// nextCut takes the length of the next piece from cuts, which a fuzzer has chosen: 1 to 256
// bytes, or most when cuts is empty.
func nextCut(cuts *[]byte, most int) int {
	if len(*cuts) == 0 {
		return most
	}
	n := 1 + int((*cuts)[0])
	*cuts = (*cuts)[1:]
	return min(n, most)
}

// record is what a Decoder made of a stream.
type record struct {
	data     []byte // the payload of all data frames, with a mark at the end of each
	inflated []byte
	controls []string
	err      ProtocolError
}

// decode decodes in, in pieces, with canaries around each. It checks that every call uses
// input, has output, fails or asks for more, and that 131 bytes are always enough.
func decode(t *testing.T, deflate Deflate, in, cuts []byte) (r record) {
	d := NewDecoder(&Config{MaxMessageSize: 1 << 20, Inflaters: newTestInflaters(t)}, deflate)
	defer d.Release()
	var kept []byte
	for len(in) > 0 {
		n := nextCut(&cuts, len(in))
		guarded := join([]byte("canary"), kept, in[:n], []byte("canary"))
		p := guarded[6 : len(guarded)-6]
		in = in[n:]
		for more := true; more; {
			ev, used := decoded(&d, p)
			progress := used > 0 || len(ev.Inflated) > 0
			if progress == (ev.Kind == NeedMore || ev.Kind == Failed) || used > len(p) {
				t.Fatalf("an event of kind %v used %d of %d bytes", ev.Kind, used, len(p))
			}
			p = p[used:]
			r.inflated = append(r.inflated, ev.Inflated...)
			switch ev.Kind {
			case NeedMore:
				more = false
			case Data:
				r.data = append(r.data, ev.Payload...)
				if ev.End {
					r.data = append(r.data, '|', byte(ev.Opcode))
				}
			case Failed:
				r.err = ev.Err
				return r
			default:
				r.controls = append(r.controls, string(ev.Payload))
			}
		}
		if !bytes.HasPrefix(guarded, []byte("canary")) || !bytes.HasSuffix(guarded, []byte("canary")) {
			t.Fatal("Next wrote outside its input")
		}
		if len(p) >= 131 {
			t.Fatalf("Next needs more than %d bytes", len(p))
		}
		kept = bytes.Clone(p)
	}
	return r
}

// addStreams seeds a fuzz target whose arguments are a stream, its cuts and a choice for
// fuzzDeflate.
func addStreams(f *testing.F) {
	for _, load := range echoLoads[:2] {
		f.Add(load.in, []byte{3, 0, 0, 70}, uint8(0))
	}
	for _, test := range protocolErrorTests {
		f.Add(test.in, []byte{1, 1}, uint8(0))
	}
	for _, test := range deflateErrorTests {
		f.Add(test.in, []byte{1, 1}, uint8(1))
	}
	for _, test := range deflateExamples {
		var in []byte
		for _, frame := range test.frames {
			in = append(in, wstest.Frame(frame.First, frame.Payload)...)
		}
		f.Add(in, []byte{4, 2}, uint8(2))
	}
	f.Add(wstest.Frame(0xc1, string(inflatetest.Flushed(inflatetest.JSON(), 9))), []byte{255}, uint8(1))
	f.Add(wstest.Frame(0xc2, string(inflatetest.Flushed(make([]byte, 100_000), 9))), []byte{20, 0, 0}, uint8(3))
	f.Add(join(wstest.Frame(0x01, "Hel"), wstest.Frame(0x89, "p"), wstest.Frame(0x80, "lo€"), wstest.Frame(0x88, "\x03\xe8x")), []byte{5}, uint8(2))
	f.Add(wstest.Frame(0x82, string(make([]byte, 70000))), []byte{255, 255, 255}, uint8(1))
}

// fuzzDeflate returns the agreement that a fuzzer has chosen.
func fuzzDeflate(choice uint8) Deflate {
	return []Deflate{{}, stateless, takeover, smallWindow}[choice%4]
}

// FuzzDecoder checks that a stream means the same whole, byte by byte and in any cuts, and
// what decode checks.
func FuzzDecoder(f *testing.F) {
	addStreams(f)
	f.Fuzz(func(t *testing.T, in, cuts []byte, choice uint8) {
		deflate := fuzzDeflate(choice)
		whole := decode(t, deflate, in, nil)
		for _, pieces := range [][]byte{cuts, make([]byte, len(in))} {
			got, want := decode(t, deflate, in, pieces), whole
			if want.err != 0 {
				// Some of the data before the error may not have had an event.
				n := min(len(got.data), len(want.data))
				got.data, want.data = got.data[:n], want.data[:n]
				n = min(len(got.inflated), len(want.inflated))
				got.inflated, want.inflated = got.inflated[:n], want.inflated[:n]
			}
			if got.err != want.err || !bytes.Equal(got.data, want.data) || !bytes.Equal(got.inflated, want.inflated) || !slices.Equal(got.controls, want.controls) {
				t.Fatalf("whole %+v\nin pieces %+v", want, got)
			}
		}
	})
}

// FuzzEcho checks that a strict client reads the same messages in the same order however the
// stream is cut, that a close frame is the last one, and that only what the client has
// compressed is compressed.
func FuzzEcho(f *testing.F) {
	addStreams(f)
	f.Fuzz(func(t *testing.T, in, cuts []byte, choice uint8) {
		deflate := fuzzDeflate(choice)
		config := &Config{MaxMessageSize: 1 << 20, Inflaters: newTestInflaters(t)}
		whole := newDeflateSession(t, config, deflate)
		whole.read(in)
		pieces := newDeflateSession(t, config, deflate)
		for rest := in; len(rest) > 0; {
			n := nextCut(&cuts, len(rest))
			pieces.read(rest[:n])
			rest = rest[n:]
		}
		want, got := wstest.Messages(t, whole.frames()), wstest.Messages(t, pieces.frames())
		if !slices.Equal(got, want) {
			t.Fatalf("got %v\nwant %v", got, want)
		}
		if pieces.echo.Done() != whole.echo.Done() {
			t.Fatalf("Done is %v, want %v", pieces.echo.Done(), whole.echo.Done())
		}
		for i, m := range got {
			if closes := m.Opcode == 8; closes != (whole.echo.Done() && i == len(got)-1) {
				t.Fatalf("message %d of %d is %v", i, len(got), m)
			}
			if m.Compressed && !deflate.agreed {
				t.Fatalf("message %d is compressed", i)
			}
		}
	})
}

// flateEndsMessage reports whether compress/flate finds the end of a block where the message
// ends. One and two empty blocks that are appended to it must then add no output. Within a
// block they would mean something else.
func flateEndsMessage(message []byte) bool {
	alone, _, _ := inflatetest.Inflate(message)
	const emptyBlock = "\x00" + inflatetest.FlushEnd
	for _, tail := range []string{inflatetest.FlushEnd, inflatetest.FlushEnd + emptyBlock} {
		in := append(bytes.Clone(message), tail+inflatetest.StreamEnd...)
		if out, used, err := inflatetest.Inflate(in); err != nil || used != len(in) || len(out) != len(alone) {
			return false
		}
	}
	return true
}

// FuzzCompressedEcho checks that a compressed message comes back unchanged, however it is cut
// and fragmented, and inflates to what compress/flate makes of it. What compress/flate
// rejects is answered with 1007.
func FuzzCompressedEcho(f *testing.F) {
	for _, plain := range [][]byte{inflatetest.JSON(), inflatetest.Noise(3000), make([]byte, 100_000), nil} {
		f.Add(inflatetest.Flushed(plain, 5), []byte{7, 100}, []byte{30})
	}
	for _, test := range deflateErrorTests {
		f.Add(test.in[min(6, len(test.in)):], []byte{1}, []byte{2})
	}
	f.Add([]byte("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), []byte{}, []byte{})
	f.Add([]byte("c80a"), []byte{'0'}, []byte{'0'})                        // its block happens to end within the tail
	f.Add([]byte("\x00\x06\x00\xf9\xff\x61\x62"), []byte{3}, []byte{1, 2}) // a stored block that ends with the tail
	f.Fuzz(func(t *testing.T, message, fragments, cuts []byte) {
		var in []byte
		first := byte(0x42)
		for rest := message; ; first = 0 {
			n := min(nextCut(&fragments, len(rest)), len(rest))
			if n == len(rest) {
				in = append(in, wstest.Frame(first|0x80, string(rest))...)
				break
			}
			in = append(in, wstest.Frame(first, string(rest[:n]))...)
			rest = rest[n:]
		}
		s := newDeflateSession(t, &Config{Inflaters: newTestInflaters(t)}, takeover)
		var inflated []byte
		for rest := in; len(rest) > 0 && !s.echo.Done(); {
			n := nextCut(&cuts, len(rest))
			s.read(rest[:n])
			for _, ev := range s.events {
				inflated = append(inflated, ev.Inflated...)
			}
			rest = rest[n:]
		}
		got := wstest.Messages(t, s.frames())
		if s.echo.Done() {
			if len(got) != 1 || got[0].Opcode != 8 || got[0].Payload[:2] != "\x03\xef" {
				t.Fatalf("closed with %v", got)
			}
			if flateEndsMessage(message) {
				t.Fatalf("compress/flate accepts it, and it is answered with %v", got)
			}
			return
		}
		if len(got) != 1 || got[0] != (wstest.Message{Opcode: 2, Compressed: true, Payload: string(message)}) {
			t.Fatalf("%d messages came back, not the one that was sent", len(got))
		}
		stream := append(bytes.Clone(message), inflatetest.FlushEnd+inflatetest.StreamEnd...)
		if plain, used, err := inflatetest.Inflate(stream); err == nil && used == len(stream) {
			if saved := s.lastEvent().Saved; saved != int64(len(plain)-len(message)) || !bytes.Equal(inflated, plain) {
				t.Fatalf("saved %d, inflated %d; %d became %d", saved, len(inflated), len(message), len(plain))
			}
		}
	})
}
