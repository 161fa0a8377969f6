package wsproto

import (
	"bytes"
	"compress/flate"
	_ "embed"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
)

//go:embed testdata/english.txt
var english []byte

// inflateLoads are what messages are made of.
var inflateLoads = []struct {
	name  string
	plain []byte
}{
	{"JSON", orders()},
	{"English", english},
	{"random", noise(16 << 10)},
	{"a long run", make([]byte, 100_000)},
	{"more than the window", slices.Concat(words(), noise(5_000), english)},
	{"short repeats", repeats()},
	{"empty", nil},
}

// orders is 4 KiB of JSON as services send it.
func orders() []byte {
	const length = 4 << 10
	random := rand.New(rand.NewPCG(1, 2))
	out := []byte(`{"orders":[`)
	for id := 48_123; len(out) < length; id++ {
		out = fmt.Appendf(out, `{"id":%d,"customer":"c-%06x","created":"2026-03-%02dT%02d:%02d:%02dZ","status":%q,"total":%.2f,"currency":"EUR","items":%d,"paid":%v},`,
			id, random.IntN(1<<24), 1+random.IntN(28), random.IntN(24), random.IntN(60), random.IntN(60),
			[]string{"open", "shipped", "returned"}[random.IntN(3)], random.Float64()*500, 1+random.IntN(9), random.IntN(4) > 0)
	}
	return out[:length]
}

// noise does not compress.
func noise(length int) []byte {
	random := rand.New(rand.NewPCG(3, 4))
	out := make([]byte, length)
	for i := range out {
		out[i] = byte(random.Uint32())
	}
	return out
}

// words is text that refers back over any distance.
func words() []byte {
	const length = 50_000
	random := rand.New(rand.NewPCG(5, 6))
	vocabulary := bytes.Fields(english)
	var out []byte
	for len(out) < length {
		out = append(append(out, vocabulary[random.IntN(len(vocabulary))]...), ' ')
	}
	return out[:length]
}

// repeats has matches of every distance up to 20, of all kinds of lengths.
func repeats() []byte {
	random := noise(20)
	var out []byte
	for dist := 1; dist <= len(random); dist++ {
		for length := 3; length < 300; length += 1 + length/16 {
			out = append(out, bytes.Repeat(random[:dist], length/dist+2)[:dist+length]...)
			out = append(out, byte(length), byte(dist))
		}
	}
	return out
}

// inflateBench inflates a message and returns how long it is.
func inflateBench(f *inflater, in []byte) (length int) {
	for {
		out, used, status := f.next(in)
		length += len(out)
		in = in[used:]
		if status == inflateNeedsInput {
			return length
		}
	}
}

// BenchmarkInflate compares with compress/flate: whole messages, one after the other.
func BenchmarkInflate(b *testing.B) {
	for _, load := range inflateLoads {
		in := deflated(load.plain, flate.DefaultCompression)
		b.Run(load.name+"/inflater", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(load.plain)))
			f := newInflater()
			for b.Loop() {
				f.reset(maxWindowBits, nil)
				if inflateBench(f, in) != len(load.plain) || !f.endMessage() {
					b.Fatal("the message is not whole")
				}
			}
		})
		in = slices.Concat(in, []byte("\x00\x00\xff\xff\x03\x00"))
		b.Run(load.name+"/compress_flate", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(load.plain)))
			source := bytes.NewReader(in)
			r := flate.NewReader(source)
			buf := make([]byte, maxWindow)
			for b.Loop() {
				source.Reset(in)
				r.(flate.Resetter).Reset(source, nil)
				length, err := 0, error(nil)
				for n := 0; err == nil; length += n {
					n, err = r.Read(buf)
				}
				if err != io.EOF || length != len(load.plain) {
					b.Fatal("the message is not whole")
				}
			}
		})
	}
}
