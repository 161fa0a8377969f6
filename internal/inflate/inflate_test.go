package inflate

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/inflate/inflatetest"
)

// newInflater returns an Inflater with the largest window.
func newInflater() *Inflater {
	f := new(Inflater)
	f.Reset(MaxWindowBits, nil)
	return f
}

// nextCut takes the length of the next piece from cuts, which a fuzzer may have chosen: 1
// to 256 bytes, or most when cuts is empty.
func nextCut(cuts *[]byte, most int) int {
	if len(*cuts) == 0 {
		return most
	}
	n := 1 + int((*cuts)[0])
	*cuts = (*cuts)[1:]
	return min(n, most)
}

// inflateInCuts inflates in, cut into pieces of the lengths in cuts, until it is used up, the
// stream ends or it is corrupt. It checks what Next promises.
func inflateInCuts(t *testing.T, f *Inflater, in, cuts []byte) (out []byte, used int, status Status) {
	t.Helper()
	for {
		// Next must not refer to its input after it returns: give it a copy, and overwrite that.
		piece := bytes.Clone(in[used : used+nextCut(&cuts, len(in)-used)])
		more := false
		for status = MoreOutput; status == MoreOutput; {
			given, n, s := f.Next(piece)
			switch {
			case len(given) > ringSize || n < 0 || n > len(piece),
				s == running || s == NeedInput && n < len(piece):
				t.Fatalf("%v with %d bytes of output, used %d of %d", s, len(given), n, len(piece))
			case more && len(given) == 0 && s != Corrupt, s == MoreOutput && len(given) == 0:
				t.Fatalf("%v without the output that MoreOutput promised", s)
			}
			out = append(out, given...)
			for i := range n {
				piece[i] = 0xaa
			}
			piece = piece[n:]
			used += n
			status, more = s, s == MoreOutput
		}
		if status != NeedInput || used == len(in) {
			return out, used, status
		}
	}
}

// inflateFlushed inflates what was compressed up to a sync flush, without the four bytes
// that end the flush, and may contain several streams. It reports whether the input ends
// as such data must.
func inflateFlushed(t *testing.T, f *Inflater, in, cuts []byte) (out []byte, ok bool) {
	t.Helper()
	for {
		given, used, status := inflateInCuts(t, f, in, cuts)
		out = append(out, given...)
		in = in[used:]
		if status == Corrupt {
			return out, false
		}
		if status == NeedInput {
			break
		}
	}
	if f.AtStoredLength() { // go on after the flush
		given, _, status := inflateInCuts(t, f, []byte(inflatetest.FlushEnd), nil)
		return out, len(given) == 0 && status != Corrupt
	}
	return out, f.AtStreamEnd()
}

// everyCut returns the ways in which the tests cut their input: whole, byte by byte, and in
// pieces around the 8 bytes that are read at a time.
func everyCut(length int) [][]byte {
	cuts := [][]byte{nil, make([]byte, length)}
	for _, n := range []byte{2, 7, 8, 9, 31, 100} {
		cuts = append(cuts, bytes.Repeat([]byte{n - 1}, length))
	}
	return cuts
}

// TestWhereInputEnds_RFC1951Section3_2_4 covers every state in which input can end.
func TestWhereInputEnds_RFC1951Section3_2_4(t *testing.T) {
	const neither, storedLength, streamEnd = "neither", "before LEN", "at the stream's end"
	tests := []struct {
		name string
		in   string
		want string
	}{
		{"the header of a stored block", "\x00", storedLength},
		{"the same in two bytes", "\x02\x00", storedLength},
		{"the same with BFINAL", "\x01", storedLength},
		{"the padding before LEN is ignored", "\xf8", storedLength},
		{"a fixed block with BFINAL", "\xf3\x48\xcd\xc9\xc9\x07\x00", streamEnd},
		{"an empty fixed block with BFINAL", "\x03\x00", streamEnd},
		{"a stored block with BFINAL", "\x01\x01\x00\xfe\xffa", streamEnd},
		{"a fixed block with BFINAL, then the header of a stored block", "\x03\x00\x00", storedLength},
		{"two streams", "\x03\x00\x03\x00", streamEnd},
		{"nothing", "", neither},
		{"LEN without NLEN", "\x00\x00\x00", neither},
		{"one byte of LEN", "\x00\x00", neither},
		{"an empty stored block", "\x00\x00\x00\xff\xff", neither},
		{"a stored block without its bytes", "\x00\x04\x00\xfb\xff", neither},
		{"within a stored block", "\x00\x02\x00\xfd\xffa", neither},
		{"within a literal", "\xf2", neither},
		{"between two literals", "\x4a\x04", neither},
		{"within a block's header", "\x02\x08\x20\x80", neither},
		{"within a dynamic block's counts", "\x04", neither},
		{"within the lengths of the code length code", "\x04\xc0\x01", neither},
		{"within the code lengths", "\x04\xc0\x01\x09\x00\x00\x00\x80\xa0", neither},
		{"a block with BFINAL, then the beginning of another", "\x03\x00\x02", neither},
	}
	for _, test := range tests {
		for _, cuts := range everyCut(len(test.in)) {
			f := newInflater()
			status := StreamEnd
			for in := []byte(test.in); status == StreamEnd; {
				var used int
				_, used, status = inflateInCuts(t, f, in, cuts)
				in = in[used:]
			}
			got := neither
			switch {
			case f.AtStoredLength() && f.AtStreamEnd():
				got = "both"
			case f.AtStoredLength():
				got = storedLength
			case f.AtStreamEnd():
				got = streamEnd
			}
			if status != NeedInput || got != test.want {
				t.Errorf("%s: %x ends with %v, %s; want %s", test.name, test.in, status, got, test.want)
			}
		}
	}
}

// TestStreamEnd_RFC1951Section3_2_3 checks that nothing after a final block is used.
func TestStreamEnd_RFC1951Section3_2_3(t *testing.T) {
	for _, stream := range []string{"\x03\x00", "\xf3\x48\xcd\xc9\xc9\x07\x00", "\x01\x01\x00\xfe\xffa", "\x0d\xc0\x01\x09\x00\x00\x00\x80\xa0\xad\xfd\x3f\x91\xc6"} {
		in := []byte(stream + strings.Repeat("\xff", 20))
		for _, cuts := range everyCut(len(in)) {
			if _, used, status := inflateInCuts(t, newInflater(), in, cuts); status != StreamEnd || used != len(stream) {
				t.Errorf("%x: %v, used %d", stream, status, used)
			}
		}
	}
}

// TestReset checks that a stream neither reaches the output before it, nor is disturbed by
// an unfinished or corrupt one.
func TestReset(t *testing.T) {
	const hello, backReference = "\xf2\x48\xcd\xc9\xc9\x07\x00", "\xf2\x00\x11\x00\x00" // "Hello", and 4 bytes of it
	f := newInflater()
	inflateFlushed(t, f, []byte(hello), nil)
	f.Reset(MaxWindowBits, nil)
	if _, ok := inflateFlushed(t, f, []byte(backReference), nil); ok || f.Err() != ErrDistanceTooFar {
		t.Errorf("a distance into the stream before: %v, %v", ok, f.Err())
	}
	f.Reset(MaxWindowBits, nil)
	inflateInCuts(t, f, []byte(hello[:3]), nil)
	f.Reset(MaxWindowBits, []byte("Hello"))
	if out, ok := inflateFlushed(t, f, []byte(backReference), nil); !ok || string(out) != "Hello" || f.Err() != nil {
		t.Errorf("after an unfinished stream: %q, %v", out, f.Err())
	}
}

// TestCompressFlate inflates what compress/flate has compressed, at every level.
func TestCompressFlate(t *testing.T) {
	for _, load := range loads {
		for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
			in := inflatetest.Flushed(load.plain, level)
			for _, cuts := range everyCut(len(in)) {
				if out, ok := inflateFlushed(t, newInflater(), in, cuts); !ok || !bytes.Equal(out, load.plain) {
					t.Errorf("%s at level %d: %v, %d bytes for %d", load.name, level, ok, len(out), len(load.plain))
				}
			}
		}
	}
}

//go:embed testdata/zlib.txt
var zlibCorpus string

// TestZlib inflates what zlib has compressed, with every window, memory level, strategy and
// flush (testdata/zlib.js). The window is no larger than the compressor's. A second
// Inflater continues from the history at each message.
func TestZlib(t *testing.T) {
	var f, other Inflater
	for line := range strings.Lines(zlibCorpus) {
		fields := strings.Fields(line)
		bits, err := strconv.ParseUint(fields[1], 10, 8)
		if err != nil {
			t.Fatal(err)
		}
		for _, cuts := range everyCut(len(line)) {
			var all, history []byte
			f.Reset(uint8(bits), nil)
			for _, field := range fields[3:] {
				message, err := base64.StdEncoding.DecodeString(field)
				if err != nil {
					t.Fatal(err)
				}
				out, ok := inflateFlushed(t, &f, message, cuts)
				if !ok {
					t.Fatalf("%s: %v", fields[0], f.Err())
				}
				all = append(all, out...)
				other.Reset(uint8(bits), history)
				if again, ok := inflateFlushed(t, &other, message, nil); !ok || !bytes.Equal(again, out) {
					t.Fatalf("%s: with %d bytes of history: %v", fields[0], len(history), other.Err())
				}
				history = f.AppendHistory(history[:0])
				if want := all[max(0, len(all)-1<<bits):]; !bytes.Equal(history, want) {
					t.Fatalf("%s: the history has %d bytes, want the last %d", fields[0], len(history), len(want))
				}
			}
			if sum := sha256.Sum256(all); hex.EncodeToString(sum[:]) != fields[2] {
				t.Errorf("%s: %d bytes with another checksum", fields[0], len(all))
			}
		}
	}
}

// TestWindowBits checks that a stream is rejected if the window has one bit less than its
// compressor's. With 9 bits, zlib reaches no further than with 8.
func TestWindowBits(t *testing.T) {
	for bits := uint8(10); bits <= MaxWindowBits; bits++ {
		_, line, _ := strings.Cut(zlibCorpus, fmt.Sprintf("window=%d %d ", bits, bits))
		line, _, _ = strings.Cut(line, "\n")
		var f Inflater
		f.Reset(bits-1, nil)
		for _, field := range strings.Fields(line)[1:] {
			message, _ := base64.StdEncoding.DecodeString(field)
			if _, ok := inflateFlushed(t, &f, message, nil); !ok {
				break
			}
		}
		if f.Err() != ErrDistanceTooFar {
			t.Errorf("%d bits: %v with a window of %d bits", bits, f.Err(), bits-1)
		}
	}
}

// TestWindowOf256Bytes checks that 256 bytes is the furthest distance with 8 bits.
func TestWindowOf256Bytes(t *testing.T) {
	var f Inflater
	f.Reset(8, nil)
	if out, _, status := inflateInCuts(t, &f, []byte("\x4a\x1c\x05\x40\xff\x03\x00"), nil); status != NeedInput || len(out) != 262 {
		t.Errorf("256 bytes back: %v, %d bytes", status, len(out))
	}
	f.Reset(8, nil)
	if _, _, status := inflateInCuts(t, &f, []byte("\x4a\x1c\x05\xc0\x00\x00\x00"), nil); status != Corrupt || f.Err() != ErrDistanceTooFar {
		t.Errorf("257 bytes back: %v, %v", status, f.Err())
	}
}

// The blocks of TestBlockWork and TestManyBlocks have nothing but their end.
const (
	emptyDynamic     = "\x05\xc0\x01\x09\x00\x00\x00\x80\xa0\xff\xaf\x05" // with BFINAL
	fourEmptyFixed   = "\x02\x08\x20\x80\x00"
	fourEmptyDynamic = "\x04\xc0\x81\b\x00\x00\x00\x00\xa0\xfd\xa9/\x01p \x02\x00\x00\x00\x00h\x7f\xeaK\x00\x1c\x88\x00\x00\x00\x00\x00\u069f\xfa\x12\x00\a\"\x00\x00\x00\x00\x80\xf6\xa7\xbe"
)

// TestBlockWork checks that a call counts the headers and the tables that it has read.
func TestBlockWork(t *testing.T) {
	f := newInflater()
	for _, step := range []struct {
		in   string
		want int
	}{
		{emptyDynamic, headerWork + tableWork}, {emptyDynamic[:5], headerWork}, {emptyDynamic[5:], tableWork},
		{inflatetest.StreamEnd, headerWork}, {fourEmptyFixed, 4 * headerWork}, {"\x00" + inflatetest.FlushEnd, headerWork},
	} {
		if f.Next([]byte(step.in)); f.BlockWork() != step.want {
			t.Errorf("after %x: %d, want %d", step.in, f.BlockWork(), step.want)
		}
	}
}

// TestManyBlocks checks that a call returns after maxBlockWork, although there is no output,
// and that each call uses input.
func TestManyBlocks(t *testing.T) {
	for name, blocks := range map[string]string{
		"fixed": fourEmptyFixed, "dynamic": fourEmptyDynamic, "stored": "\x00" + inflatetest.FlushEnd,
	} {
		t.Run(name, func(t *testing.T) {
			f := newInflater()
			in := []byte(strings.Repeat(blocks, 10_000))
			calls := 0
			for status := MoreOutput; status == MoreOutput; calls++ {
				var out []byte
				var used int
				if out, used, status = f.Next(in); len(out) > 0 || used == 0 || f.BlockWork() > maxBlockWork+headerWork+tableWork {
					t.Fatalf("%d bytes of output, %d bytes used, %d of work", len(out), used, f.BlockWork())
				}
				in = in[used:]
			}
			if len(in) > 0 || calls < 5 || f.AtStoredLength() {
				t.Errorf("%d bytes are left after %d calls", len(in), calls)
			}
			if _, _, status := f.Next([]byte{0}); status != NeedInput || !f.AtStoredLength() {
				t.Errorf("after the header of a stored block: %v", status)
			}
		})
	}
}

func TestNothingIsAllocated(t *testing.T) {
	f := newInflater()
	history := make([]byte, 0, maxWindow)
	for _, load := range loads {
		in := inflatetest.Flushed(load.plain, flate.DefaultCompression)
		if n := testing.AllocsPerRun(10, func() {
			f.Reset(MaxWindowBits, history)
			outputLength(f, in)
			history = f.AppendHistory(history[:0])
		}); n != 0 {
			t.Errorf("%s: %v allocations", load.name, n)
		}
	}
}

func TestStatusNames(t *testing.T) {
	for status, want := range map[Status]string{NeedInput: "NeedInput", MoreOutput: "MoreOutput", StreamEnd: "StreamEnd", Corrupt: "Corrupt"} {
		if status.String() != want {
			t.Errorf("%v, want %s", status, want)
		}
	}
}
