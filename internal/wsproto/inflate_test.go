package wsproto

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
)

// newInflater returns an inflater with a window of 32 KiB.
func newInflater() *inflater {
	f := new(inflater)
	f.reset(maxWindowBits, nil)
	return f
}

// inflateInCuts gives in to an inflater in pieces of the lengths that cuts says, until it
// ends or the inflater says that a stream did. It checks what next promises.
func inflateInCuts(t *testing.T, f *inflater, in, cuts []byte) (out []byte, used int, status inflateStatus) {
	t.Helper()
	for {
		// A copy, which is overwritten after the call: nothing may be kept of it.
		piece := bytes.Clone(in[used : used+nextCut(&cuts, len(in)-used)])
		for status = inflateHasMore; status == inflateHasMore; {
			given, n, s := f.next(piece)
			switch {
			case len(given) > ringSize || n < 0 || n > len(piece),
				s == inflateGoesOn || s == inflateHasMore && len(given) == 0 || s == inflateNeedsInput && n < len(piece):
				t.Fatalf("status %d with %d bytes of output, used %d of %d", s, len(given), n, len(piece))
			}
			out = append(out, given...)
			for i := range n {
				piece[i] = 0xaa
			}
			piece = piece[n:]
			used += n
			status = s
		}
		if status != inflateNeedsInput || used == len(in) {
			return out, used, status
		}
	}
}

// inflateMessage inflates a message, and says whether it is whole.
func inflateMessage(t *testing.T, f *inflater, message, cuts []byte) (out []byte, ok bool) {
	t.Helper()
	for {
		given, used, status := inflateInCuts(t, f, message, cuts)
		out = append(out, given...)
		message = message[used:]
		switch status {
		case inflateCorrupt:
			return out, false
		case inflateNeedsInput:
			return out, f.endMessage()
		}
	}
}

// everyCut is the ways in which the tests cut their input: whole, byte by byte, and
// in pieces around the 8 bytes that are looked at in one.
func everyCut(length int) [][]byte {
	cuts := [][]byte{nil, make([]byte, length)}
	for _, n := range []byte{2, 7, 8, 9, 31, 100} {
		cuts = append(cuts, bytes.Repeat([]byte{n - 1}, length))
	}
	return cuts
}

// TestInflateExamples_RFC7692Section7_2_3: the messages of the RFC, one after the other
// with the same window where it says so.
func TestInflateExamples_RFC7692Section7_2_3(t *testing.T) {
	tests := []struct {
		name     string
		messages []string
		want     string
	}{
		{"7.2.3.1, one compressed block", []string{"\xf2\x48\xcd\xc9\xc9\x07\x00"}, "Hello"},
		{"7.2.3.2, sharing the window, not used", []string{"\xf2\x48\xcd\xc9\xc9\x07\x00", "\xf2\x48\xcd\xc9\xc9\x07\x00"}, "HelloHello"},
		{"7.2.3.2, sharing the window", []string{"\xf2\x48\xcd\xc9\xc9\x07\x00", "\xf2\x00\x11\x00\x00"}, "HelloHello"},
		{"7.2.3.3, a block without compression", []string{"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"}, "Hello"},
		{"7.2.3.4, a block with BFINAL", []string{"\xf3\x48\xcd\xc9\xc9\x07\x00\x00"}, "Hello"},
		{"7.2.3.4, and sharing the window", []string{"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "\xf2\x00\x11\x00\x00"}, "HelloHello"},
		{"7.2.3.5, two blocks", []string{"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"}, "Hello"},
		{"7.2.3.6, an empty message", []string{"\x00"}, ""},
	}
	for _, test := range tests {
		for _, cuts := range everyCut(16) {
			f := newInflater()
			var got []byte
			for _, message := range test.messages {
				out, ok := inflateMessage(t, f, []byte(message), cuts)
				got = append(got, out...)
				if !ok {
					t.Errorf("%s: %x is refused: %v", test.name, message, f.fault)
				}
			}
			if string(got) != test.want {
				t.Errorf("%s: got %q, want %q", test.name, got, test.want)
			}
		}
	}
}

// TestInflateReset_RFC7692Section7_1_1: without context takeover, a message does not reach
// what was before it, nor does anything of an unfinished message remain.
func TestInflateReset_RFC7692Section7_1_1(t *testing.T) {
	f := newInflater()
	inflateMessage(t, f, []byte("\xf2\x48\xcd\xc9\xc9\x07\x00"), nil)
	f.reset(maxWindowBits, nil)
	if _, ok := inflateMessage(t, f, []byte("\xf2\x00\x11\x00\x00"), nil); ok || f.fault != distanceTooFar {
		t.Errorf("a reference to the message before: %v, %v", ok, f.fault)
	}
	f.reset(maxWindowBits, nil)
	inflateInCuts(t, f, []byte("\xf2\x48\xcd"), nil)
	f.reset(maxWindowBits, []byte("Hello"))
	if out, ok := inflateMessage(t, f, []byte("\xf2\x00\x11\x00\x00"), nil); !ok || string(out) != "Hello" {
		t.Errorf("after a reset within a message: %q, %v", out, ok)
	}
}

// TestInflateMessageEnd_RFC7692Section7_2_1: a message ends where its sender has cut off
// 00 00 ff ff, or with a block that has BFINAL; the next one begins anew.
func TestInflateMessageEnd_RFC7692Section7_2_1(t *testing.T) {
	tests := []struct {
		name    string
		message string
		legal   bool
	}{
		{"the beginning of an empty block", "\x00", true},
		{"the same in two bytes", "\x02\x00", true},
		{"the same with BFINAL", "\x01", true},
		{"the bits up to the next byte are ignored (RFC 1951 section 3.2.4)", "\xf8", true},
		{"a fixed block with BFINAL", "\xf3\x48\xcd\xc9\xc9\x07\x00", true},
		{"an empty one", "\x03\x00", true},
		{"a stored block with BFINAL", "\x01\x01\x00\xfe\xffa", true},
		{"a fixed block with BFINAL, then an empty block", "\x03\x00\x00", true},
		{"two streams", "\x03\x00\x03\x00", true},
		{"nothing", "", false},
		{"LEN without NLEN", "\x00\x00\x00", false},
		{"one byte of LEN", "\x00\x00", false},
		{"the empty block was not cut off", "\x00\x00\x00\xff\xff", false},
		{"what was cut off would be the bytes of a block", "\x00\x04\x00\xfb\xff", false},
		{"within a stored block", "\x00\x02\x00\xfd\xffa", false},
		{"within a literal", "\xf2", false},
		{"between two literals", "\x4a\x04", false},
		{"within a block's header", "\x02\x08\x20\x80", false},
		{"within a dynamic block's counts", "\x04", false},
		{"within the code lengths of code lengths", "\x04\xc0\x01", false},
		{"within the code lengths", "\x04\xc0\x01\x09\x00\x00\x00\x80\xa0", false},
		{"behind a block with BFINAL, one more begins", "\x03\x00\x02", false},
	}
	for _, test := range tests {
		for _, cuts := range everyCut(len(test.message)) {
			f := newInflater()
			if _, legal := inflateMessage(t, f, []byte(test.message), cuts); legal != test.legal {
				t.Errorf("%s: %x may end: %v", test.name, test.message, legal)
			}
			if out, ok := inflateMessage(t, f, []byte("\xf2\x48\xcd\xc9\xc9\x07\x00"), nil); !ok || string(out) != "Hello" {
				t.Errorf("%s: the next message is %q, %v", test.name, out, ok)
			}
			if _, ok := inflateMessage(t, f, nil, nil); ok {
				t.Errorf("%s: the end of one message is that of the next", test.name)
			}
		}
	}
}

// TestInflateStopsBehindBFINAL_RFC7692Section7_2_3_4: at the first byte behind the block.
func TestInflateStopsBehindBFINAL_RFC7692Section7_2_3_4(t *testing.T) {
	for _, stream := range []string{"\x03\x00", "\xf3\x48\xcd\xc9\xc9\x07\x00", "\x01\x01\x00\xfe\xffa", "\x0d\xc0\x01\x09\x00\x00\x00\x80\xa0\xad\xfd\x3f\x91\xc6"} {
		in := []byte(stream + strings.Repeat("\xff", 20))
		for _, cuts := range everyCut(len(in)) {
			if _, used, status := inflateInCuts(t, newInflater(), in, cuts); status != inflateStreamEnd || used != len(stream) {
				t.Errorf("%x: status %d, used %d", stream, status, used)
			}
		}
	}
}

// deflated is plain as a message, compressed by compress/flate.
func deflated(plain []byte, level int) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	if err != nil {
		panic(err)
	}
	w.Write(plain)
	w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte("\x00\x00\xff\xff"))
}

// TestInflateCompressFlate: what compress/flate has compressed, at every level, in every cut.
func TestInflateCompressFlate(t *testing.T) {
	for _, load := range inflateLoads {
		for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
			in := deflated(load.plain, level)
			for _, cuts := range everyCut(len(in)) {
				if out, ok := inflateMessage(t, newInflater(), in, cuts); !ok || !bytes.Equal(out, load.plain) {
					t.Errorf("%s at level %d: whole is %v, %d bytes for %d", load.name, level, ok, len(out), len(load.plain))
				}
			}
		}
	}
}

//go:embed testdata/zlib.txt
var zlibCorpus string

// TestInflateZlib: what the zlib of Node.js has compressed, with every size of window and
// memory, strategy and flush (testdata/zlib.js). The window is as small as was agreed on, and a
// second inflater takes over at every message.
func TestInflateZlib(t *testing.T) {
	var f, other inflater
	for line := range strings.Lines(zlibCorpus) {
		fields := strings.Fields(line)
		bits, err := strconv.ParseUint(fields[1], 10, 8)
		if err != nil {
			t.Fatal(err)
		}
		for _, cuts := range everyCut(len(line)) {
			var all, history []byte
			f.reset(uint8(bits), nil)
			for _, field := range fields[3:] {
				message, err := base64.StdEncoding.DecodeString(field)
				if err != nil {
					t.Fatal(err)
				}
				out, ok := inflateMessage(t, &f, message, cuts)
				if !ok {
					t.Fatalf("%s: %v", fields[0], f.fault)
				}
				all = append(all, out...)
				other.reset(uint8(bits), history)
				if again, ok := inflateMessage(t, &other, message, nil); !ok || !bytes.Equal(again, out) {
					t.Fatalf("%s: with %d bytes of history: %v", fields[0], len(history), ok)
				}
				history = f.appendHistory(history[:0])
				if want := all[max(0, len(all)-1<<bits):]; !bytes.Equal(history, want) {
					t.Fatalf("%s: the history has %d bytes, want the last %d", fields[0], len(history), len(want))
				}
			}
			if sum := sha256.Sum256(all); hex.EncodeToString(sum[:]) != fields[2] {
				t.Errorf("%s: %d bytes that are others", fields[0], len(all))
			}
		}
	}
}

// TestInflateWindowBits_RFC7692Section7_1_2: what was compressed with a window is refused by
// the next smaller one. With 9 bits zlib reaches no further than with 8.
func TestInflateWindowBits_RFC7692Section7_1_2(t *testing.T) {
	for bits := uint8(10); bits <= maxWindowBits; bits++ {
		_, line, _ := strings.Cut(zlibCorpus, fmt.Sprintf("window=%d %d ", bits, bits))
		line, _, _ = strings.Cut(line, "\n")
		var f inflater
		f.reset(bits-1, nil)
		refused := false
		for _, field := range strings.Fields(line)[1:] {
			message, _ := base64.StdEncoding.DecodeString(field)
			if _, ok := inflateMessage(t, &f, message, nil); !ok {
				refused = f.fault == distanceTooFar
				break
			}
		}
		if !refused {
			t.Errorf("%d bits: not refused with a window of %d, or as %v", bits, bits-1, f.fault)
		}
	}
}

// TestInflateAllocatesNothing: nor does a message make another slow or large.
func TestInflateAllocatesNothing(t *testing.T) {
	f := newInflater()
	history := make([]byte, 0, maxWindow)
	for _, load := range inflateLoads {
		in := deflated(load.plain, flate.DefaultCompression)
		if n := testing.AllocsPerRun(10, func() {
			f.reset(maxWindowBits, history)
			inflateBench(f, in)
			history = f.appendHistory(history[:0])
		}); n != 0 {
			t.Errorf("%s: %v allocations", load.name, n)
		}
	}
}
