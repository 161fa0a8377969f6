package wsproto

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// firstBadByte returns the index of the first byte that no valid text can have there, or
// len(text), according to unicode/utf8.
func firstBadByte(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r != utf8.RuneError || size > 1 {
			i += size
			continue
		}
		for end := i + 1; end <= len(text); end++ {
			if utf8.FullRune(text[i:end]) {
				return end - 1
			}
		}
		break // the last character is incomplete
	}
	return len(text)
}

// compareUTF8 checks text in pieces that end at the given positions. The checker must accept
// the pieces before the first bad byte, reject the one that has it, and know whether the
// text can end.
func compareUTF8(t *testing.T, text []byte, cuts ...int) {
	var c utf8Checker
	bad, last := firstBadByte(text), 0
	for i := range len(cuts) + 1 {
		cut := len(text)
		if i < len(cuts) {
			cut = cuts[i]
		}
		ok := c.check(text[last:cut])
		if want := bad >= cut; ok != want {
			t.Fatalf("%q cut at %v: [%d:%d] is accepted: %v; the first bad byte is %d of %d", text, cuts, last, cut, ok, bad, len(text))
		}
		if !ok {
			return
		}
		last = cut
	}
	if got, want := c.complete(), utf8.Valid(text); got != want {
		t.Fatalf("%q cut at %v: complete is %v, want %v", text, cuts, got, want)
	}
}

// compareInLongText compares the checker with unicode/utf8 for bytes within ASCII, at the
// position i of a step, and at the end of a text.
func compareInLongText(t *testing.T, i int, what ...byte) {
	const ascii = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" // 64 bytes
	var text [3 * len(ascii)]byte
	copy(text[:], ascii+ascii+ascii)
	at := len(ascii) + i%len(ascii)
	end := at + copy(text[at:], what)
	var c utf8Checker
	if got, want := c.check(text[:end]), firstBadByte(what) == len(what); got != want {
		t.Fatalf("%x at %d, at the end: accepted: %v", what, at, got)
	}
	c = utf8Checker{}
	if got, want := c.check(text[:]), utf8.Valid(what); got != want {
		t.Fatalf("%x at %d: valid is %v, want %v", what, at, got, want)
	}
}

// utf8Samples has characters of each length at the edges of their ranges, and invalid ones:
// surrogates, overlong forms, too large, incomplete, stray bytes.
var utf8Samples = []string{
	"", "a", "\x7f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\ufffd", "\uffff", "\U00010000", "\U0010ffff", "κόσμε",
	"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2a", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xe0\xa0", "\xe1\x80a", "\xed\xa0\x80", "\xed\xbf\xbf",
	"\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80", "\xf0\x90\x80a", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff",
}

// TestUTF8InCuts_Section8_1 compares the checker with unicode/utf8, for every pair of
// samples, cut at every two positions.
func TestUTF8InCuts_Section8_1(t *testing.T) {
	for _, a := range utf8Samples {
		for _, b := range utf8Samples {
			text := []byte(a + b)
			for i := range len(text) + 1 {
				for j := i; j <= len(text); j++ {
					compareUTF8(t, text, i, j)
				}
			}
		}
	}
}

// TestUTF8InLongText_Section8_1 does the same within text that is long enough for every step,
// of characters of each length, cut once. It lets each pair begin anywhere in a step.
func TestUTF8InLongText_Section8_1(t *testing.T) {
	around := strings.Repeat("a", 70)
	for _, character := range []string{"a", "я", "界", "😀"} {
		around := strings.Repeat(character, len(around)/len(character))
		everyUTF8Step(t, func(t *testing.T) {
			for i, a := range utf8Samples {
				for j, b := range utf8Samples {
					before := strings.Repeat("a", (i+7*j)%32) + around
					text := []byte(before + a + b + around)
					for cut := len(before) - 4; cut <= len(before+a+b)+4; cut++ {
						compareUTF8(t, text, cut)
					}
				}
			}
		})
	}
}

// TestUTF8EveryRune_Section8_1 checks every value that has the form of a character of two,
// three or four bytes, valid or not, at every position in a step.
func TestUTF8EveryRune_Section8_1(t *testing.T) {
	everyUTF8Step(t, func(t *testing.T) {
		tail := func(i, shift int) byte { return 0x80 | byte(i>>shift)&0x3f }
		for i := range 1 << 11 {
			compareInLongText(t, i, 0xc0|byte(i>>6), tail(i, 0))
		}
		for i := range 1 << 16 {
			compareInLongText(t, i, 0xe0|byte(i>>12), tail(i, 6), tail(i, 0))
		}
		step := 1
		if raceEnabled {
			step = 61
		}
		for i := 0; i < 1<<21; i += step {
			compareInLongText(t, i, 0xf0|byte(i>>18), tail(i, 12), tail(i, 6), tail(i, 0))
		}
	})
}

// TestUTF8EveryPairOfBytes checks every two bytes, within and after characters of each length
// that are complete or not, and before continuation bytes.
func TestUTF8EveryPairOfBytes(t *testing.T) {
	everyUTF8Step(t, func(t *testing.T) {
		for i := range 1 << 16 {
			if raceEnabled && i%17 != 0 {
				continue
			}
			for _, before := range []string{"", "\xc2", "\xe1", "\xe1\x80", "\xf1", "\xf1\x80", "\xf1\x80\x80"} {
				for _, after := range []string{"", "\x80", "\x80\x80", "\x80\x80\x80"} {
					var what [8]byte
					n := copy(what[:], before)
					what[n], what[n+1] = byte(i>>8), byte(i)
					n += 2 + copy(what[n+2:], after)
					compareInLongText(t, i, what[:n]...)
				}
			}
		}
	})
}

// TestUTF8EveryFourBytes checks four bytes in a row, each the first or last of a range of
// bytes that UTF-8 tells apart. No byte depends on more than the three before it.
func TestUTF8EveryFourBytes(t *testing.T) {
	edges := []byte("\x00\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc1\xc2\xdf\xe0\xe1\xec\xed\xee\xef\xf0\xf1\xf3\xf4\xf5\xff")
	every := 1
	if raceEnabled {
		every = 17
	}
	everyUTF8Step(t, func(t *testing.T) {
		n := len(edges)
		for i := 0; i < n*n*n*n; i += every {
			compareInLongText(t, i, edges[i%n], edges[i/n%n], edges[i/n/n%n], edges[i/n/n/n])
		}
	})
}

// TestUTF8FailsAtTheFirstBadByte_Section8_1 checks that text is rejected at the first byte
// after which it cannot be valid, not at its end.
func TestUTF8FailsAtTheFirstBadByte_Section8_1(t *testing.T) {
	tests := []struct {
		text string
		bad  int // index of that byte
	}{
		{"κόσμε\xed\xa0\x80", 11}, // Autobahn 6.3: the second byte proves a surrogate
		{"κόσμε\xf4\x90\x80\x80", 11},
		{"ab\x80", 2},
		{"\xc0\xaf", 0},
		{"\xe0\x80", 1},
		{"\xf0\x80", 1},
		{"\xe1\x80\xc0", 2},
		{"\xf5", 0},
	}
	for _, test := range tests {
		var c utf8Checker
		for i := range len(test.text) {
			if ok := c.check([]byte(test.text[i : i+1])); ok != (i < test.bad) {
				t.Errorf("%q: byte %d is accepted: %v", test.text, i, ok)
			}
			if i == test.bad {
				break
			}
		}
		everyUTF8Step(t, func(t *testing.T) {
			for _, before := range []int{0, 63, 64, 65, 100} {
				text := strings.Repeat("a", before) + test.text
				for end := range len(text) + 1 {
					var c utf8Checker
					if ok := c.check([]byte(text[:end])); ok != (end <= before+test.bad) {
						t.Errorf("%q: accepted: %v", text[:end], ok)
					}
				}
			}
		})
	}
}

// randomUTF8 appends up to 40 random samples, runs of one character or random bytes to text.
// Most of what it makes is valid, or has one error.
func randomUTF8(random *rand.Rand, text []byte) []byte {
	valid := slices.IndexFunc(utf8Samples, func(s string) bool { return !utf8.ValidString(s) })
	for range random.IntN(40) {
		sample := utf8Samples[random.IntN(valid)]
		for range 1 + random.IntN(5)*random.IntN(5) {
			text = append(text, sample...)
		}
	}
	switch at := random.IntN(len(text) + 1); random.IntN(4) {
	case 0:
		text = append(text[:at], text[min(at+1, len(text)):]...)
	case 1:
		if at < len(text) {
			text[at] ^= 1 << random.IntN(8)
		}
	case 2:
		text = slices.Insert(text, at, []byte(utf8Samples[random.IntN(len(utf8Samples))])...)
	}
	return text
}

// TestUTF8Random compares the checker with unicode/utf8 for random texts in random cuts.
// Each run has its own: with three steps, -count 1700 makes 10^8 texts.
func TestUTF8Random(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("the seed is %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var text []byte
	everyUTF8Step(t, func(t *testing.T) {
		for range 20_000 {
			text = randomUTF8(random, text[:0])
			a, b := random.IntN(len(text)+1), random.IntN(len(text)+1)
			compareUTF8(t, text, min(a, b), max(a, b))
		}
	})
}

// FuzzUTF8 checks that text is rejected in the piece that has its first bad byte, and that
// unicode/utf8 finds the same one, however the text is cut.
func FuzzUTF8(f *testing.F) {
	for _, sample := range utf8Samples {
		f.Add([]byte(sample), uint8(3), uint8(90))
		f.Add([]byte(strings.Repeat("é", 50)+sample+strings.Repeat("界", 50)), uint8(80), uint8(200))
	}
	f.Fuzz(func(t *testing.T, text []byte, a, b uint8) {
		everyUTF8Step(t, func(t *testing.T) {
			first := min(int(min(a, b)), len(text))
			compareUTF8(t, text)
			compareUTF8(t, text, first, min(int(max(a, b)), len(text)))
		})
	})
}
