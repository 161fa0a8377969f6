package wsproto

import (
	"bytes"
	"compress/flate"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/inflate"
	"github.com/echosvc/echosvc/internal/inflate/inflatetest"
	"github.com/echosvc/echosvc/internal/wstest"
)

// TestBombYields checks that a read which inflates to very much is answered in turns, each of
// which inflates little more than enoughWork, and without another read.
func TestBombYields(t *testing.T) {
	size := 64 << 20
	if raceEnabled {
		size = 4 << 20
	}
	bomb := string(inflatetest.Flushed(make([]byte, size), flate.BestCompression))
	for name, in := range map[string][]byte{
		"one message":   wstest.Frame(0xc2, bomb),
		"many messages": bytes.Repeat(wstest.Frame(0xc2, string(inflatetest.Flushed(make([]byte, 1<<20), flate.BestCompression))), size>>20),
	} {
		t.Run(name, func(t *testing.T) {
			echo := NewEcho(&Config{Inflaters: newTestInflaters(t)}, stateless)
			defer echo.Release()
			b := newBuffer(in)
			var out []byte
			inflated := 0
			for turns := 1; ; turns++ {
				ev := echo.Next(b)
				for ; ev.Kind == Data; ev = echo.Next(b) {
					inflated += len(ev.Inflated)
				}
				if most := enoughWork + 2<<inflate.MaxWindowBits + callWork + frameWork; b.work > most {
					t.Fatalf("a turn has done %d bytes of work", b.work)
				}
				out = append(out, b.Out()...)
				if ev.Kind == NeedMore {
					if turns < size/enoughWork/2 {
						t.Errorf("answered in %d turns", turns)
					}
					break
				}
				b = newBuffer(b.Mem[b.Start:b.End])
			}
			var echoed []byte
			for _, m := range wstest.Messages(t, wstest.ReadFrames(t, out)) {
				echoed = append(echoed, wstest.Frame(0xc2, m.Payload)...)
			}
			if !bytes.Equal(echoed, in) {
				t.Error("the messages have changed")
			}
			if inflated != size {
				t.Errorf("inflated %d bytes, want %d", inflated, size)
			}
		})
	}
}

// emptyDynamicBlocks has four dynamic blocks with nothing but their end (RFC 1951 section
// 3.2.7), of 94 bits each.
const emptyDynamicBlocks = "\x04\xc0\x81\b\x00\x00\x00\x00\xa0\xfd\xa9/\x01p \x02\x00\x00\x00\x00h\x7f\xeaK\x00\x1c\x88\x00\x00\x00\x00\x00\u069f\xfa\x12\x00\a\"\x00\x00\x00\x00\x80\xf6\xa7\xbe"

// emptyFixedBlocks has four fixed blocks (section 3.2.6), of 10 bits each.
const emptyFixedBlocks = "\x02\x08\x20\x80\x00"

// TestWorkWithoutOutputYields checks that what takes time counts, not only the output.
func TestWorkWithoutOutputYields(t *testing.T) {
	primed := wstest.Frame(0xc2, string(inflatetest.Flushed(inflatetest.Noise(40_000), flate.BestSpeed)))
	tests := map[string]struct {
		deflate Deflate
		in      []byte
		turns   int
	}{
		"messages of one byte with context takeover": {takeover, join(primed, bytes.Repeat(wstest.Frame(0xc2, "\x00"), 10_000)), 70},
		"dynamic blocks": {stateless, wstest.Frame(0xc2, strings.Repeat(emptyDynamicBlocks, 5_000)+"\x00"), 15},
		"streams":        {stateless, wstest.Frame(0xc2, strings.Repeat(inflatetest.StreamEnd, 50_000)), 10},
		"empty messages": {stateless, bytes.Repeat(wstest.Frame(0xc2, "\x00"), 50_000), 10},
		"fixed blocks":   {stateless, wstest.Frame(0xc2, strings.Repeat(emptyFixedBlocks, 25_000)+"\x00"), 12},
		"stored blocks":  {stateless, wstest.Frame(0xc2, strings.Repeat("\x00"+inflatetest.FlushEnd, 50_000)+"\x00"), 6},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newDeflateSession(t, &Config{Inflaters: newTestInflaters(t)}, test.deflate)
			turns := 1
			for yielded := s.turn(test.in); yielded; yielded = s.turn(nil) {
				turns++
			}
			if turns < test.turns {
				t.Errorf("answered in %d turns", turns)
			}
		})
	}
}

// TestOutputAfterTheLastByte has large frames whose last byte arrives long before the end of
// the output, at every position in the window. The last piece must fit in the buffer.
func TestOutputAfterTheLastByte(t *testing.T) {
	config := &Config{Inflaters: newTestInflaters(t)}
	random := inflatetest.Noise(2 * MaxWhole)
	for length := range 100 {
		if raceEnabled && length%20 > 0 {
			continue
		}
		plain := append(bytes.Clone(random), make([]byte, enoughWork-2*MaxWhole+32*length)...)
		payload := string(inflatetest.Flushed(plain, flate.BestSpeed))
		s := newDeflateSession(t, config, stateless)
		s.read(wstest.Frame(0xc2, payload))
		if got := wstest.Messages(t, s.frames()); len(got) != 1 || got[0].Payload != payload {
			t.Fatalf("%d bytes: the message has changed", len(plain))
		}
	}
}

// TestRandomCutsOfCompressedMessages sends random compressed messages, some of which inflate
// to more than enoughWork, in random fragments and cuts.
func TestRandomCutsOfCompressedMessages(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	noise := inflatetest.Noise(200_000)
	rounds := 150
	if raceEnabled {
		rounds = 5
	}
	config := &Config{Inflaters: newTestInflaters(t)}
	for range rounds {
		var in []byte
		var want []wstest.Message
		for range 1 + random.IntN(3) {
			var plain []byte
			for range 1 + random.IntN(3) {
				plain = append(plain, noise[:random.IntN(len(noise))]...)
				plain = append(plain, make([]byte, 1<<random.IntN(21))...)
			}
			payload := string(inflatetest.Flushed(plain, flate.BestSpeed))
			want = append(want, wstest.Message{Opcode: 2, Compressed: true, Payload: payload})
			first := byte(0x42)
			for fragments := random.IntN(3); fragments > 0; fragments-- {
				n := random.IntN(len(payload))
				in = append(in, wstest.Frame(first, payload[:n])...)
				first, payload = 0, payload[n:]
			}
			in = append(in, wstest.Frame(first|0x80, payload)...)
		}
		s := newDeflateSession(t, config, stateless)
		for len(in) > 0 {
			n := min(len(in), 1+random.IntN(1<<(6+random.IntN(14))))
			s.read(in[:n])
			in = in[n:]
		}
		if got := wstest.Messages(t, s.frames()); !slices.Equal(got, want) || len(s.kept) > 0 {
			t.Fatalf("%d messages came back changed, %d bytes are kept", len(got), len(s.kept))
		}
	}
}
