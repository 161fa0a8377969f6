package wsproto

import (
	"bytes"
	"echosvc/internal/wstest"
	"encoding/base64"
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
func decode(t *testing.T, in, cuts []byte) (r record) {
	d := newDecoder(&Limits{MaxMessageSize: 1 << 20})
	var kept []byte
	for len(in) > 0 {
		n := nextCut(&cuts, len(in))
		guarded := join([]byte("canary"), kept, in[:n], []byte("canary"))
		p := guarded[6 : len(guarded)-6]
		in = in[n:]
		for {
			ev, used := d.next(p)
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
		f.Add(load.in, []byte{3, 0, 0, 70})
	}
	for _, test := range violationTests {
		f.Add(test.in, []byte{1, 1})
	}
	f.Add(join(wstest.Frame(0x01, "Hel"), wstest.Frame(0x89, "p"), wstest.Frame(0x80, "lo€"), wstest.Frame(0x88, "\x03\xe8x")), []byte{5})
	f.Add(wstest.Frame(0x82, string(make([]byte, 70000))), []byte{255, 255, 255})
}

// FuzzDecoder: a stream means the same whole, byte by byte, and in any cuts; nothing
// outside the bytes given is written; every call consumes, fails, or asks for more.
func FuzzDecoder(f *testing.F) {
	addStreams(f)
	f.Fuzz(func(t *testing.T, in, cuts []byte) {
		whole := decode(t, in, nil)
		for _, pieces := range [][]byte{cuts, make([]byte, len(in))} {
			got := decode(t, in, pieces)
			if whole.violation == InvalidUTF8 {
				// In pieces, the text before the breach has been given already.
				got.data = got.data[:min(len(got.data), len(whole.data))]
			}
			if got.violation != whole.violation || !bytes.Equal(got.data, whole.data) || !slices.Equal(got.controls, whole.controls) {
				t.Fatalf("whole %+v\nin pieces %+v", whole, got)
			}
		}
	})
}

// FuzzEcho: what a strict client reads of the answers is the same messages, in the same
// order, however the stream is cut, and a close frame is the last of them.
func FuzzEcho(f *testing.F) {
	addStreams(f)
	f.Fuzz(func(t *testing.T, in, cuts []byte) {
		limits := &Limits{MaxMessageSize: 1 << 20}
		whole, frames := echoed(t, limits, in)
		pieces := newSession(t, limits)
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
