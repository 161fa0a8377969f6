package wsproto

import (
	"bytes"
	"encoding/base64"
	"github.com/echosvc/echosvc/internal/wstest"
	"io"
	"slices"
	"strings"
	"testing"
)

// nextCut takes the length of the next piece from cuts, which a fuzzer chose: 1 to 256.
func nextCut(cuts *[]byte, most int) int {
	if len(*cuts) == 0 {
		return most
	}
	n := 1 + int((*cuts)[0])
	*cuts = (*cuts)[1:]
	return min(n, most)
}

// FuzzHead: a request head has the same end or the same refusal however it is cut, is
// never taken for longer than it is, and ParseRequest and Accept answer every head.
func FuzzHead(f *testing.F) {
	f.Add([]byte(articleRequest+"\x81\x80abcd"), []byte{0, 1, 2})
	f.Add([]byte("GET / HTTP/1.1\r\nA: b\r\n\r\n"), []byte{})
	f.Add([]byte("GET / HTTP/1.1\r\nSec-WebSocket-Extensions: a; b=\"c\\d\"\r\nOrigin: null\r\n\r\n"), []byte{9})
	f.Fuzz(func(t *testing.T, in, cuts []byte) {
		var whole Head
		n, refusal := whole.Scan(in)
		if n > len(in) || n > MaxHead {
			t.Fatalf("a head of %d bytes in %d", n, len(in))
		}
		var pieces Head
		for arrived := 0; ; {
			m, refused := pieces.Scan(in[:arrived])
			if refused != nil {
				if refusal == nil {
					t.Fatalf("refused in pieces only: %v", refused)
				}
				break
			}
			if m != 0 || arrived == len(in) {
				if m != n || refusal != nil {
					t.Fatalf("Scan = %d in pieces; %d, %v whole", m, n, refusal)
				}
				break
			}
			arrived += nextCut(&cuts, len(in)-arrived)
		}
		if refusal != nil || n == 0 {
			return
		}
		r, refusal := ParseRequest(in[:n])
		if refusal != nil {
			return
		}
		policy := Policy{Origins: []string{"https://*.example.com"}, AnySubprotocol: true}
		agreement, refusal := policy.Accept(&r)
		if refusal == nil && (!r.IsUpgrade() || len(agreement.Accept) != 28 || agreement.Subprotocol != "" && !IsToken(agreement.Subprotocol)) {
			t.Fatalf("accepted %q with %+v", in[:n], agreement)
		}
		if len(agreement.AppendResponse(nil)) >= n+Headroom/2 {
			t.Fatalf("the response to %d bytes does not fit in their place", n)
		}
	})
}

// FuzzExtensions: what parseExtensions accepts, it accepts in the same way when it is
// written again in the plainest form.
func FuzzExtensions(f *testing.F) {
	f.Add(`permessage-deflate; client_max_window_bits; server_max_window_bits="10", x`)
	f.Add(`a;b="c\"`)
	f.Fuzz(func(t *testing.T, value string) {
		offers, ok := parseExtensions(nil, value)
		if !ok {
			return
		}
		var plain []byte
		for _, offer := range offers {
			plain = append(plain, offer.name...)
			for _, param := range offer.params {
				plain = append(append(plain, ';'), param.name...)
				if param.hasValue {
					plain = append(append(plain, '='), param.value...)
				}
			}
			plain = append(plain, ',')
		}
		again, ok := parseExtensions(nil, string(plain))
		if !ok || len(again) != len(offers) {
			t.Fatalf("%q became %q, which is read as %+v, %v", value, plain, again, ok)
		}
		for i := range offers {
			if again[i].name != offers[i].name || !slices.Equal(again[i].params, offers[i].params) {
				t.Fatalf("%q became %q, which is read as %+v", value, plain, again)
			}
		}
	})
}

// record is what a decoder made of a stream: data put together, each control frame, and
// the breach that ended it.
type record struct {
	data      []byte // the payload of all data, with a mark at the end of each frame
	controls  []string
	violation Violation
}

// decode gives in to a Decoder in the given pieces, with canaries around each, and
// checks that every call consumes, fails, or asks for more, and that 131 bytes suffice.
func decode(t *testing.T, deflate Deflate, in, cuts []byte) (r record) {
	pool := newTestInflaters(t)
	d := newDecoder(&Config{MaxMessageSize: 1 << 20, Inflaters: pool}, deflate)
	defer d.release(pool)
	var kept []byte
	for len(in) > 0 {
		n := nextCut(&cuts, len(in))
		guarded := join([]byte("canary"), kept, in[:n], []byte("canary"))
		p := guarded[6 : len(guarded)-6]
		in = in[n:]
		for {
			ev, used := decoded(&d, p)
			if (ev.Kind == NeedMore || ev.Kind == Failed) != (used == 0) || used > len(p) {
				t.Fatalf("an event of kind %d used %d of %d bytes", ev.Kind, used, len(p))
			}
			p = p[used:]
			switch ev.Kind {
			case Data:
				r.data = append(r.data, ev.Payload...)
				if ev.End {
					r.data = append(r.data, '|', byte(ev.Opcode))
				}
			case Failed:
				r.violation = ev.Violation
				return r
			case Ping, Pong, Close:
				r.controls = append(r.controls, string(ev.Payload))
			}
			if ev.Kind == NeedMore {
				break
			}
		}
		if !bytes.HasPrefix(guarded, []byte("canary")) || !bytes.HasSuffix(guarded, []byte("canary")) {
			t.Fatal("wrote outside of what was given")
		}
		if len(p) >= 131 {
			t.Fatalf("asks for more than the %d bytes that are there", len(p))
		}
		kept = bytes.Clone(p)
	}
	return r
}

func addStreams(f *testing.F) {
	for _, load := range echoLoads[:2] {
		f.Add(load.in, []byte{3, 0, 0, 70}, uint8(0))
	}
	for _, test := range violationTests {
		f.Add(test.in, []byte{1, 1}, uint8(0))
	}
	for _, test := range deflateViolationTests {
		f.Add(test.in, []byte{1, 1}, uint8(1))
	}
	for _, test := range deflateExamples {
		var in []byte
		for _, frame := range test.frames {
			in = append(in, wstest.Frame(frame.First, frame.Payload)...)
		}
		f.Add(in, []byte{4, 2}, uint8(2))
	}
	f.Add(wstest.Frame(0xc1, string(deflated(english[:2000], 9))), []byte{255}, uint8(1))
	f.Add(join(wstest.Frame(0x01, "Hel"), wstest.Frame(0x89, "p"), wstest.Frame(0x80, "lo€"), wstest.Frame(0x88, "\x03\xe8x")), []byte{5}, uint8(2))
	f.Add(wstest.Frame(0x82, string(make([]byte, 70000))), []byte{255, 255, 255}, uint8(1))
}

// fuzzDeflate is an agreement that a fuzzer chose.
func fuzzDeflate(choice uint8) Deflate {
	return []Deflate{{}, stateless, takeover, {agreed: true, ServerMaxWindowBits: 9, ClientMaxWindowBits: 9}, expanding}[choice%5]
}

// FuzzDecoder: a stream means the same whole, byte by byte, and in any cuts; nothing
// outside the bytes given is written; every call consumes, fails, or asks for more.
func FuzzDecoder(f *testing.F) {
	addStreams(f)
	f.Fuzz(func(t *testing.T, in, cuts []byte, choice uint8) {
		deflate := fuzzDeflate(choice)
		whole := decode(t, deflate, in, nil)
		for _, pieces := range [][]byte{cuts, make([]byte, len(in))} {
			got := decode(t, deflate, in, pieces)
			if whole.violation == InvalidUTF8 || deflate.agreed && (whole.violation == CorruptDeflate || whole.violation == MessageOverLimit) {
				// In pieces, what is before the breach has been given already.
				got.data = got.data[:min(len(got.data), len(whole.data))]
			}
			if got.violation != whole.violation || !bytes.Equal(got.data, whole.data) || !slices.Equal(got.controls, whole.controls) {
				t.Fatalf("whole %+v\nin pieces %+v", whole, got)
			}
		}
	})
}

// FuzzEcho: what a strict client reads of the answers is the same messages, in the same
// order, however the stream is cut, and a close frame is the last of them; compressed
// ones are those that were sent so.
func FuzzEcho(f *testing.F) {
	addStreams(f)
	f.Fuzz(func(t *testing.T, in, cuts []byte, choice uint8) {
		deflate := fuzzDeflate(choice)
		config := &Config{MaxMessageSize: 1 << 20, Inflaters: newTestInflaters(t)}
		whole := newDeflateSession(t, config, deflate)
		whole.read(in)
		frames := whole.frames()
		pieces := newDeflateSession(t, config, deflate)
		for rest := in; len(rest) > 0; {
			n := nextCut(&cuts, len(rest))
			pieces.read(rest[:n])
			rest = rest[n:]
		}
		want, got := wstest.Messages(t, frames), wstest.Messages(t, pieces.frames())
		if !slices.Equal(got, want) {
			t.Fatalf("got %v\nwant %v", got, want)
		}
		if pieces.echo.Last() != whole.echo.Last() {
			t.Fatalf("ended is %v, want %v", pieces.echo.Last(), whole.echo.Last())
		}
		for i, m := range got {
			if closes := m.Opcode == 8; closes != (whole.echo.Last() && i == len(got)-1) {
				t.Fatalf("message %d of %d is %v", i, len(got), m)
			}
			if m.Compressed && !(deflate.agreed && deflate.verbatim()) {
				t.Fatalf("message %d is compressed", i)
			}
		}
	})
}

// flateEndsMessage says whether compress/flate finds the end of a block where the message
// ends: it goes on with an empty block, and with two, and finds no output in them. Within a
// block they are something else.
func flateEndsMessage(message []byte) bool {
	alone, _, _ := flateVerdict(message)
	for _, tail := range []string{"\x00\x00\xff\xff\x03\x00", "\x00\x00\xff\xff\x00\x00\x00\xff\xff\x03\x00"} {
		in := append(bytes.Clone(message), tail...)
		if out, used, err := flateVerdict(in); err != nil || used != len(in) || len(out) != len(alone) {
			return false
		}
	}
	return true
}

// FuzzCompressedEcho: what a client has compressed goes back verbatim, however it is cut and
// fragmented, with the size and the end that compress/flate finds; what that finds corrupt
// is answered with 1007.
func FuzzCompressedEcho(f *testing.F) {
	for _, load := range inflateLoads {
		f.Add(deflated(load.plain[:min(len(load.plain), 3000)], 5), []byte{7, 100}, []byte{30})
	}
	for _, test := range refusedStreams {
		f.Add([]byte(test.in), []byte{1}, []byte{2})
	}
	f.Add([]byte("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), []byte{}, []byte{})
	f.Add([]byte("c80a"), []byte{'0'}, []byte{'0'})                        // what would follow happens to end its block
	f.Add([]byte("\x00\x06\x00\xf9\xff\x61\x62"), []byte{3}, []byte{1, 2}) // a stored block that lacks as much as would follow
	f.Fuzz(func(t *testing.T, message, fragments, cuts []byte) {
		var in []byte
		first := byte(0x42)
		for rest := message; ; first = 0 {
			n := nextCut(&fragments, len(rest))
			if n = min(n, len(rest)); n == len(rest) {
				in = append(in, wstest.Frame(first|0x80, string(rest))...)
				break
			}
			in = append(in, wstest.Frame(first, string(rest[:n]))...)
			rest = rest[n:]
		}
		s := newDeflateSession(t, &Config{Inflaters: newTestInflaters(t)}, takeover)
		for rest := in; len(rest) > 0 && !s.echo.Last(); {
			n := nextCut(&cuts, len(rest))
			s.read(rest[:n])
			rest = rest[n:]
		}
		got := wstest.Messages(t, s.frames())
		if s.echo.Last() {
			if len(got) != 1 || got[0].Opcode != 8 || got[0].Payload[:2] != "\x03\xef" {
				t.Fatalf("closed with %v", got)
			}
			if flateEndsMessage(message) {
				t.Fatalf("compress/flate takes it, and it is answered with %v", got)
			}
			return
		}
		if len(got) != 1 || got[0] != (wstest.Message{Opcode: 2, Compressed: true, Payload: string(message)}) {
			t.Fatalf("%d messages came back, not the one that was sent", len(got))
		}
		ev := s.events[len(s.events)-1]
		if plain, used, err := flateVerdict(append(bytes.Clone(message), "\x00\x00\xff\xff\x03\x00"...)); err == nil && used == len(message)+6 && ev.Saved != int64(len(plain)-len(message)) {
			t.Fatalf("saved %d; %d became %d", ev.Saved, len(message), len(plain))
		}
	})
}

// FuzzDeflateOffers: an agreement keeps what the offer demands, asks for nothing that was
// not offered, and binds the client to do without context where the server has to.
func FuzzDeflateOffers(f *testing.F) {
	for _, test := range deflateOffers {
		f.Add(test.offer)
	}
	f.Fuzz(func(t *testing.T, value string) {
		offers, ok := parseExtensions(nil, value)
		if !ok {
			return
		}
		for _, mode := range []Compression{NoCompression, Stateless, Takeover} {
			d := mode.negotiate(offers)
			if !d.agreed {
				continue
			}
			answer, ok := parseExtensions(nil, d.String())
			if !ok || len(answer) != 1 || mode == NoCompression {
				t.Fatalf("%q is answered with %q", value, d)
			}
			kept := false // by one of the offers
			for _, offer := range offers {
				o, ok := parseDeflateOffer(offer.params)
				kept = kept || ok && offer.name == deflateName &&
					(d.ServerNoContextTakeover || !o.serverNoContext) &&
					(d.ServerMaxWindowBits == o.serverBits) &&
					(d.ClientMaxWindowBits == 0 || o.clientBits >= d.ClientMaxWindowBits)
			}
			noContext := d.ClientNoContextTakeover || !d.ServerNoContextTakeover
			if !kept || !noContext {
				t.Fatalf("%q is answered with %q", value, d)
			}
		}
	})
}

// FuzzInflate: a stream becomes the same output with the same verdict whole, byte by byte, and
// in any cuts, and as compress/flate has it; a smaller window gives the same, or refuses
// a distance.
func FuzzInflate(f *testing.F) {
	for _, test := range refusedStreams {
		f.Add([]byte(test.in), []byte{1, 1}, uint8(8))
	}
	for line := range strings.Lines(zlibCorpus) {
		if fields := strings.Fields(line); len(line) < 1500 {
			message, _ := base64.StdEncoding.DecodeString(fields[3])
			f.Add(append(message, "\x00\x00\xff\xff\x03\x00"...), []byte{20, 100, 7, 8}, uint8(10))
		}
	}
	f.Add(append(deflated(noise(300), 0), "\x00\x00\xff\xff\x03\x00"...), []byte{}, uint8(9))
	f.Fuzz(func(t *testing.T, in, cuts []byte, bits uint8) {
		whole := newInflater()
		out, used, status := inflateInCuts(t, whole, in, nil)
		for _, cuts := range [][]byte{cuts, make([]byte, len(in))} {
			pieces := newInflater()
			got, n, s := inflateInCuts(t, pieces, in, cuts)
			if !bytes.Equal(got, out) || s != status || s != inflateCorrupt && n != used || pieces.fault != whole.fault {
				t.Fatalf("whole: %d bytes, used %d, status %d, %v\nin pieces: %d, %d, %d, %v", len(out), used, status, whole.fault, len(got), n, s, pieces.fault)
			}
		}

		want, n, err := flateVerdict(in)
		same := false
		switch {
		case whole.fault == noEndOfBlock && status == inflateCorrupt:
			same = err != nil && bytes.HasPrefix(want, out)
		case status == inflateStreamEnd:
			same = err == nil && n == used && bytes.Equal(out, want)
		case status == inflateCorrupt && isCorrupt(err):
			same = bytes.Equal(out, want)
		case err == io.ErrUnexpectedEOF:
			// It waits for as many bits as an end of the block would have. With those it
			// must come to the same.
			_, _, later := flateVerdict(append(bytes.Clone(in), make([]byte, 16)...))
			same = bytes.HasPrefix(out, want) && (status == inflateNeedsInput || isCorrupt(later))
		}
		if !same {
			t.Fatalf("%d bytes, used %d, status %d, %v\ncompress/flate: %d, %d, %v", len(out), used, status, whole.fault, len(want), n, err)
		}

		small := new(inflater)
		small.reset(8+bits%8, nil)
		got, _, s := inflateInCuts(t, small, in, cuts)
		if !bytes.HasPrefix(out, got) || (s != status || len(got) != len(out)) && (s != inflateCorrupt || small.fault != distanceTooFar) {
			t.Fatalf("with a window of %d: %d bytes, status %d, %v", small.size, len(got), s, small.fault)
		}
	})
}
