package wsproto

import (
	"bytes"
	"compress/flate"
	"github.com/echosvc/echosvc/internal/wstest"
	"slices"
	"testing"
)

// TestSmallServerWindowIsAnsweredPlain_RFC7692Section7_1_2_1: compressed messages come back
// as what they are, not compressed, in any cuts.
func TestSmallServerWindowIsAnsweredPlain_RFC7692Section7_1_2_1(t *testing.T) {
	config := &Config{Inflaters: newTestInflaters(t)}
	for _, plain := range [][]byte{nil, []byte("Hello"), english[:500], english, noise(100_000), make([]byte, 300_000)} {
		message := string(deflated(plain, flate.BestSpeed))
		half := len(message) / 2
		for name, in := range map[string][]byte{
			"whole":     wstest.Frame(0xc2, message),
			"fragments": join(wstest.Frame(0x42, message[:half]), wstest.Frame(0x89, "p"), wstest.Frame(0x00, message[half:]), wstest.Frame(0x80, "")),
		} {
			in = join(wstest.Frame(0x81, "plain"), in, wstest.Frame(0x81, "plain"), in, wstest.Frame(0x88, ""))
			for _, cut := range []int{1, 7, 1000, len(in)} {
				if cut < 1000 && len(in) > 1000 {
					continue // too slow
				}
				s := newDeflateSession(t, config, expanding)
				for piece := range slices.Chunk(in, cut) {
					s.read(piece)
				}
				var got []wstest.Message
				for _, m := range wstest.Messages(t, s.frames()) {
					if m.Opcode != 10 {
						got = append(got, m)
					}
				}
				want := []wstest.Message{{Opcode: 1, Payload: "plain"}, {Opcode: 2, Payload: string(plain)}, {Opcode: 1, Payload: "plain"}, {Opcode: 2, Payload: string(plain)}, {Opcode: 8}}
				if !slices.Equal(got, want) {
					t.Fatalf("%d bytes, %s, in cuts of %d: %d messages came back, not what was sent", len(plain), name, cut, len(got))
				}
			}
		}
	}
}

// TestInflatedAnswerAndACloseFrame: a goodbye stands behind the answer, and a piece is never
// larger than its storage.
func TestInflatedAnswerAndACloseFrame(t *testing.T) {
	echo := NewEcho(&Config{Inflaters: newTestInflaters(t)}, expanding)
	defer echo.Release()
	in := wstest.Frame(0xc2, string(deflated(make([]byte, 1<<20), flate.BestCompression)))
	mem := make([]byte, Headroom+len(in))
	b := Buffer{Mem: mem, Start: Headroom, End: Headroom + copy(mem[Headroom:], in)}
	for ev := echo.Next(&b); ev.Kind != Yield; ev = echo.Next(&b) {
	}
	piece := bytes.Clone(b.Out())
	if cap(echo.decoder.inflater.answer) != pieceRoom+pieceMost || len(piece) <= pieceEnough {
		t.Errorf("a piece of %d bytes, in storage of %d", len(piece), cap(echo.decoder.inflater.answer))
	}
	b.Append([]byte("close"))
	if string(b.Out()) != string(piece)+"close" {
		t.Error("what was appended does not stand behind the answer")
	}
}
