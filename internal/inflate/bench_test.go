package inflate

import (
	"bytes"
	"compress/flate"
	_ "embed"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/echosvc/echosvc/internal/inflate/inflatetest"
)

//go:embed testdata/english.txt
var english []byte

// loads are the plain texts of the tests and benchmarks.
var loads = []struct {
	name  string
	plain []byte
}{
	{"JSON", inflatetest.JSON()},
	{"English", english},
	{"random", inflatetest.Noise(16 << 10)},
	{"a long run", make([]byte, 100_000)},
	{"more than the window", slices.Concat(words(), inflatetest.Noise(5_000), english)},
	{"short repeats", repeats()},
	{"empty", nil},
}

// words returns text that refers back over any distance.
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

// repeats returns a text with matches of every distance up to 20, in many lengths.
func repeats() []byte {
	random := inflatetest.Noise(20)
	var out []byte
	for dist := 1; dist <= len(random); dist++ {
		for length := 3; length < 300; length += 1 + length/16 {
			out = append(out, bytes.Repeat(random[:dist], length/dist+2)[:dist+length]...)
			out = append(out, byte(length), byte(dist))
		}
	}
	return out
}

// outputLength inflates in, which ends within a stream, and returns the length of the output.
func outputLength(f *Inflater, in []byte) (length int) {
	for {
		out, used, status := f.Next(in)
		length += len(out)
		in = in[used:]
		if status == NeedInput {
			return length
		}
	}
}

// BenchmarkInflate inflates whole messages, and compares with compress/flate.
func BenchmarkInflate(b *testing.B) {
	for _, load := range loads {
		in := inflatetest.Flushed(load.plain, flate.DefaultCompression)
		b.Run(load.name+"/inflate", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(load.plain)))
			f := newInflater()
			for b.Loop() {
				f.Reset(MaxWindowBits, nil)
				if outputLength(f, in) != len(load.plain) || !f.AtStoredLength() {
					b.Fatal("the message is not complete")
				}
			}
		})
		in = slices.Concat(in, []byte(inflatetest.FlushEnd+inflatetest.StreamEnd))
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
				for err == nil {
					var n int
					n, err = r.Read(buf)
					length += n
				}
				if err != io.EOF || length != len(load.plain) {
					b.Fatal("the message is not complete")
				}
			}
		})
	}
}
