package inflate

import (
	"bytes"
	"encoding/base64"
	"io"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/inflate/inflatetest"
)

// FuzzInflate checks that a stream has the same output and the same status whole, byte by
// byte and in any cuts, and that compress/flate agrees. A smaller window gives the same
// output or rejects a distance.
func FuzzInflate(f *testing.F) {
	for _, test := range corruptStreams {
		f.Add([]byte(test.in), []byte{1, 1}, uint8(8))
	}
	for line := range strings.Lines(zlibCorpus) {
		if fields := strings.Fields(line); len(line) < 1500 {
			message, _ := base64.StdEncoding.DecodeString(fields[3])
			f.Add(append(message, inflatetest.FlushEnd+inflatetest.StreamEnd...), []byte{20, 100, 7, 8}, uint8(10))
		}
	}
	f.Add(append(inflatetest.Flushed(inflatetest.Noise(300), 0), inflatetest.FlushEnd+inflatetest.StreamEnd...), []byte{}, uint8(9))
	f.Fuzz(func(t *testing.T, in, cuts []byte, bits uint8) {
		whole := newInflater()
		out, used, status := inflateInCuts(t, whole, in, nil)
		for _, cuts := range [][]byte{cuts, make([]byte, len(in))} {
			pieces := newInflater()
			got, n, s := inflateInCuts(t, pieces, in, cuts)
			if !bytes.Equal(got, out) || s != status || s != Corrupt && n != used || pieces.Err() != whole.Err() {
				t.Fatalf("whole: %d bytes, used %d, %v, %v\nin pieces: %d, %d, %v, %v", len(out), used, status, whole.Err(), len(got), n, s, pieces.Err())
			}
		}

		want, n, err := inflatetest.Inflate(in)
		same := false
		switch {
		case whole.Err() == ErrNoEndOfBlock:
			same = err != nil && bytes.HasPrefix(want, out)
		case status == StreamEnd:
			same = err == nil && n == used && bytes.Equal(out, want)
		case status == Corrupt && isCorrupt(err):
			same = bytes.Equal(out, want)
		case err == io.ErrUnexpectedEOF:
			// It waits for as many bits as the end of the block would need. Given those, it
			// must agree.
			_, _, later := inflatetest.Inflate(append(bytes.Clone(in), make([]byte, 16)...))
			same = bytes.HasPrefix(out, want) && (status == NeedInput || isCorrupt(later))
		}
		if !same {
			t.Fatalf("%d bytes, used %d, %v, %v\ncompress/flate: %d, %d, %v", len(out), used, status, whole.Err(), len(want), n, err)
		}

		small := new(Inflater)
		small.Reset(8+bits%8, nil)
		got, _, s := inflateInCuts(t, small, in, cuts)
		if !bytes.HasPrefix(out, got) || (s != status || len(got) != len(out)) && small.Err() != ErrDistanceTooFar {
			t.Fatalf("with a window of %d: %d bytes, %v, %v", small.size, len(got), s, small.Err())
		}
	})
}
