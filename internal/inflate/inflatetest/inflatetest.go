// Package inflatetest has data for tests that decompress: plain texts, and compress/flate
// as the reference.
package inflatetest

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"math/rand/v2"
)

// Flushed compresses plain up to a sync flush, and removes the 00 00 FF FF that the flush
// ends with.
func Flushed(plain []byte, level int) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	if err != nil {
		panic(err)
	}
	w.Write(plain)
	w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte(FlushEnd))
}

// FlushEnd is how a sync flush ends: LEN and NLEN of an empty stored block.
const FlushEnd = "\x00\x00\xff\xff"

// StreamEnd ends a stream after a block: an empty fixed block with BFINAL.
const StreamEnd = "\x03\x00"

// Inflate decompresses a stream with compress/flate. It returns the output, how many bytes
// of in were used, and nil, [io.ErrUnexpectedEOF] or a [flate.CorruptInputError].
func Inflate(in []byte) (out []byte, used int, err error) {
	source := bytes.NewReader(in)
	out, err = io.ReadAll(flate.NewReader(source))
	return out, len(in) - source.Len(), err
}

// JSON returns 4 KiB of JSON as services send it.
func JSON() []byte {
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

// Noise returns bytes that do not compress.
func Noise(length int) []byte {
	random := rand.New(rand.NewPCG(3, 4))
	out := make([]byte, length)
	for i := range out {
		out[i] = byte(random.Uint32())
	}
	return out
}
