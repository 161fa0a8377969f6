package inflate

import (
	"bytes"
	"math/bits"
	"math/rand/v2"
	"testing"
)

// canonicalCodes returns the code of each symbol, by the algorithm of RFC 1951 section 3.2.2.
func canonicalCodes(lengths []uint8) []uint16 {
	var count, next [maxCodeLength + 1]uint16
	for _, n := range lengths {
		count[n]++
	}
	count[0] = 0
	code := uint16(0)
	for n := 1; n <= maxCodeLength; n++ {
		code = (code + count[n-1]) << 1
		next[n] = code
	}
	codes := make([]uint16, len(lengths))
	for symbol, n := range lengths {
		if n > 0 {
			codes[symbol] = next[n]
			next[n]++
		}
	}
	return codes
}

// checkTable looks up the code of each symbol, followed by various bits, and with too few
// bits of its own.
func checkTable(t *testing.T, lengths []uint8) {
	t.Helper()
	table := make([]uint32, litlenTableSize)
	if !buildTable(table, litlenTableBits, lengths, litlenSymbols[:]) {
		t.Fatalf("%v is rejected", lengths)
	}
	for symbol, code := range canonicalCodes(lengths) {
		n := lengths[symbol]
		if n == 0 {
			continue
		}
		met := uint64(bits.Reverse16(code) >> (16 - n))
		for _, rest := range []uint64{0, 1, 0x2a55, 0x7fff} {
			hold := met | rest<<n
			e := table[hold&(1<<litlenTableBits-1)]
			if e&entryLink == entryLink {
				e = table[linked(e, hold, litlenTableBits)]
			}
			if want := litlenSymbols[symbol] + uint32(n)*entryOneBit; e != want {
				t.Fatalf("%v: symbol %d followed by %x is %#x, want %#x", lengths, symbol, rest, e, want)
			}
		}
		for have := range n {
			hold := met & (1<<have - 1)
			e := table[hold&(1<<litlenTableBits-1)]
			if e&entryLink == entryLink {
				e = table[linked(e, hold, litlenTableBits)]
			}
			if e&entryTotalMask <= uint32(have) {
				t.Fatalf("%v: symbol %d is found from %d of its %d bits", lengths, symbol, have, n)
			}
		}
	}
}

// TestHuffmanTable_RFC1951Section3_2_2 has the example of the RFC, a code with every
// length, and random complete codes.
func TestHuffmanTable_RFC1951Section3_2_2(t *testing.T) {
	checkTable(t, []uint8{3, 3, 3, 3, 3, 2, 4, 4})
	checkTable(t, []uint8{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15})

	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		code := randomCode(random, 2+random.IntN(maxLitlenSymbols-1))
		checkTable(t, code)
		checkTable(t, withGaps(random, code))
	}
}

// randomCode returns the code lengths of a complete code. It begins with two codes of one
// bit and splits codes until there are enough.
func randomCode(random *rand.Rand, symbols int) []uint8 {
	lengths := []uint8{1, 1}
	deep := random.IntN(2) == 0 // prefer the last code, which makes many lengths
	for len(lengths) < symbols {
		i := random.IntN(len(lengths))
		if deep && random.IntN(4) > 0 {
			i = len(lengths) - 1
		}
		if lengths[i] < maxCodeLength {
			lengths[i]++
			lengths = append(lengths, lengths[i])
		}
	}
	random.Shuffle(len(lengths), func(i, j int) { lengths[i], lengths[j] = lengths[j], lengths[i] })
	return lengths
}

// withGaps inserts symbols that do not occur into a code, many or few at a time.
func withGaps(random *rand.Rand, code []uint8) (lengths []uint8) {
	gaps := maxLitlenSymbols - len(code)
	for _, n := range code {
		gap := random.IntN(min(gaps, 40) + 1)
		gaps -= gap
		lengths = append(append(lengths, make([]uint8, gap)...), n)
	}
	return append(lengths, make([]uint8, gaps)...)
}

// TestHuffmanTableSizes checks that the codes with the largest tables fill them to the last
// entry, and that no random code needs more.
func TestHuffmanTableSizes(t *testing.T) {
	tests := []struct {
		tableBits int
		size      int
		alphabet  []uint32
		worst     [maxCodeLength + 1]int // number of codes of each length
	}{
		{litlenTableBits, litlenTableSize, litlenSymbols[:maxLitlenSymbols], [...]int{1: 1, 2: 1, 3: 1, 4: 1, 11: 1, 12: 229, 13: 49, 14: 1, 15: 2}},
		{distTableBits, distTableSize, distSymbols[:maxDistSymbols], [...]int{1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1, 9: 1, 10: 9, 11: 9, 12: 1, 13: 1, 14: 1, 15: 2}},
	}
	for _, test := range tests {
		var lengths []uint8
		for n, codes := range test.worst {
			lengths = append(lengths, bytes.Repeat([]byte{byte(n)}, codes)...)
		}
		table := make([]uint32, test.size)
		if len(lengths) != len(test.alphabet) || !buildTable(table, test.tableBits, lengths, test.alphabet) || table[test.size-1] == 0 {
			t.Errorf("%d symbols do not fill %d entries", len(lengths), test.size)
		}
		random := rand.New(rand.NewPCG(3, 4))
		for range 1000 {
			lengths := randomCode(random, len(test.alphabet))
			if !buildTable(table, test.tableBits, lengths, test.alphabet) {
				t.Fatalf("%v is rejected", lengths)
			}
		}
	}
}
