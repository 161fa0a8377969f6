package inflate

import (
	"encoding/binary"
	"math/bits"
)

// A symbol of a Huffman code (RFC 1951 section 3.2.2) is looked up in a table of entries,
// whose index is the next tableBits bits of the stream. A code that is longer needs a
// second lookup, in a smaller table that follows the first and that the entry links to.
// An entry is
//
//	31       30 ... 16   15        14     13      12        11 ... 8   5 ... 0
//	literal | value    | special | link | invalid | end    | code     | total
//
// value is a literal, or the base of a length or a distance, or the position of the
// table that a link leads to. code is the length of the code in bits; total includes the
// extra bits that follow it, which are added to value. For a link, total is the width of
// its table in bits.
const (
	entryLiteral = 1 << 31
	entrySpecial = 1 << 15 // one of the three below
	entryLink    = 1<<14 | entrySpecial
	entryInvalid = 1<<13 | entrySpecial // an unused code, or a symbol that must not occur
	entryEnd     = 1<<12 | entrySpecial // end of block

	entryValueShift = 16
	entryValueMask  = 1<<15 - 1
	entryCodeShift  = 8
	entryCodeMask   = 15
	entryTotalMask  = 63
	entryOneBit     = 1<<entryCodeShift | 1 // added once for each bit of the code
)

const (
	maxCodeLength    = 15  // bits
	maxLitlenSymbols = 286 // of a dynamic block; only the fixed code has 286 and 287
	maxDistSymbols   = 30
	endOfBlock       = 256 // a literal/length symbol

	litlenTableBits = 10
	distTableBits   = 8
	lengthTableBits = 7 // the longest code of a code length, so one lookup is enough

	// The most entries that a complete code can need, found by zlib's examples/enough.c:
	// "enough 286 10 15" and "enough 30 8 15".
	litlenTableSize = 1332
	distTableSize   = 400
)

// blockCode is the pair of codes of a block.
type blockCode struct {
	litlen [litlenTableSize]uint32
	dist   [distTableSize]uint32
}

// The symbols of the three alphabets, as entries without the bits of a code.
var (
	litlenSymbols = newLitlenSymbols()
	distSymbols   = newDistSymbols()
	lengthSymbols = newLengthSymbols()
)

// fixedCode is the pair of codes that every block of type 1 has (section 3.2.6).
var fixedCode = newFixedCode()

// newLitlenSymbols returns the literals, the end of the block, and the lengths
// (section 3.2.5).
func newLitlenSymbols() (symbols [288]uint32) {
	for i := range endOfBlock {
		symbols[i] = entryLiteral | uint32(i)<<entryValueShift
	}
	symbols[endOfBlock] = entryEnd
	length := uint32(3)
	for i := endOfBlock + 1; i < 285; i++ {
		extra := uint32(max(0, (i-261)/4))
		symbols[i] = length<<entryValueShift | extra
		length += 1 << extra
	}
	symbols[285] = 258 << entryValueShift
	symbols[286], symbols[287] = entryInvalid, entryInvalid
	return symbols
}

// newDistSymbols returns the distances (section 3.2.5).
func newDistSymbols() (symbols [32]uint32) {
	dist := uint32(1)
	for i := range maxDistSymbols {
		extra := uint32(max(0, i/2-1))
		symbols[i] = dist<<entryValueShift | extra
		dist += 1 << extra
	}
	symbols[30], symbols[31] = entryInvalid, entryInvalid
	return symbols
}

// The code length symbols that repeat a length (section 3.2.7). Lower ones are lengths.
const (
	repeatPrevious = 16 // 3 to 6 times
	repeatZero     = 17 // a length of 0, 3 to 10 times
	repeatZeroLong = 18 // a length of 0, 11 to 138 times
)

// newLengthSymbols returns the code lengths and the repeats (section 3.2.7).
func newLengthSymbols() (symbols [repeatZeroLong + 1]uint32) {
	for i := range symbols {
		symbols[i] = uint32(i) << entryValueShift
	}
	symbols[repeatPrevious] += 2
	symbols[repeatZero] += 3
	symbols[repeatZeroLong] += 7
	return symbols
}

func newFixedCode() (c blockCode) {
	var lengths [288]uint8
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	buildTable(c.litlen[:], litlenTableBits, lengths[:], litlenSymbols[:])
	for i := range 32 {
		lengths[i] = 5
	}
	buildTable(c.dist[:], distTableBits, lengths[:32], distSymbols[:])
	return c
}

// buildTable fills table with the code whose code lengths are given, in the order of the
// alphabet. It reports whether they describe a complete code. As in compress/flate, two
// incomplete codes pass, and their unused bits are invalid: one symbol of one bit, and no
// symbol at all.
func buildTable(table []uint32, tableBits int, lengths []uint8, symbols []uint32) bool {
	// Most symbols do not occur, most of them in long runs. Skip them eight at a time.
	var count [maxCodeLength + 1]int
	var occur [288]uint16
	occurring := 0
	for symbol := 0; symbol < len(lengths); {
		if symbol+8 <= len(lengths) && binary.LittleEndian.Uint64(lengths[symbol:]) == 0 {
			symbol += 8
			continue
		}
		for _, n := range lengths[symbol:min(symbol+8, len(lengths))] {
			count[n]++
			occur[occurring] = uint16(symbol)
			if n > 0 {
				occurring++
			}
			symbol++
		}
	}
	longest := maxCodeLength
	for longest > 0 && count[longest] == 0 {
		longest--
	}
	// used is how many of the 2^15 strings of 15 bits begin with a code. next is where each
	// length starts among the sorted symbols.
	var used int
	var next [maxCodeLength + 2]int
	for n := 1; n <= maxCodeLength; n++ {
		used += count[n] << (maxCodeLength - n)
		next[n+1] = next[n] + count[n]
	}
	if used != 1<<maxCodeLength && longest > 0 && (longest > 1 || count[1] > 1) {
		return false
	}
	// Sort the symbols by their codes, that is by length, then by value.
	var sorted [288]uint16
	for _, symbol := range occur[:occurring] {
		n := lengths[symbol]
		sorted[next[n]] = symbol
		next[n]++
	}
	if used != 1<<maxCodeLength {
		fillIncomplete(table[:1<<tableBits], longest, symbols[sorted[0]])
		return true
	}

	// The first bit of a code is the lowest of an index. reversed is the next code in that
	// order of bits, and index the position of its symbol in sorted.
	var reversed, index int
	for n := 1; n <= longest && n <= tableBits; n++ {
		// Shorter codes fill the lower half, and apply to both values of the next bit.
		copy(table[1<<(n-1):1<<n], table[:1<<(n-1)])
		for range count[n] {
			table[reversed] = symbols[sorted[index]] + uint32(n)*entryOneBit
			reversed = nextReversed(reversed, n)
			index++
		}
	}
	for n := longest; n < tableBits; n++ {
		copy(table[1<<n:1<<(n+1)], table[:1<<n])
	}
	end := 1 << tableBits // of the entries in use
	var start, width int  // of the latest second table
	link := -1            // the index of the entry that links to it
	for n := tableBits + 1; n <= longest; n++ {
		for left := count[n]; left > 0; left-- {
			if low := reversed & (1<<tableBits - 1); low != link {
				link, start = low, end
				width = n - tableBits
				for fill := left; fill < 1<<width; {
					width++
					fill = fill<<1 + count[tableBits+width]
				}
				end += 1 << width
				table[link] = entryLink | uint32(start)<<entryValueShift | uint32(width)
			}
			entry := symbols[sorted[index]] + uint32(n)*entryOneBit
			for i := reversed >> tableBits; i < 1<<width; i += 1 << (n - tableBits) {
				table[start+i] = entry
			}
			reversed = nextReversed(reversed, n)
			index++
		}
	}
	return true
}

// nextReversed returns the next code of n bits, whose first bit is the lowest. It adds one
// to the highest bit and carries downwards.
func nextReversed(code, n int) int {
	zeros := code ^ (1<<n - 1)
	if zeros == 0 {
		return 0 // code was the last one
	}
	bit := 1 << (bits.Len(uint(zeros)) - 1)
	return code&(bit-1) | bit
}

// fillIncomplete fills a table whose code has one symbol of one bit, or no symbol at all.
func fillIncomplete(table []uint32, longest int, symbol uint32) {
	for i := range table {
		switch {
		case longest == 0:
			table[i] = entryInvalid // found before any bit has arrived
		case i&1 == 0:
			table[i] = symbol + entryOneBit
		default:
			table[i] = entryInvalid + entryOneBit
		}
	}
}
