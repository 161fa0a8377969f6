package wsproto

import (
	"encoding/binary"
	"math/bits"
)

// A Huffman code (RFC 1951 section 3.2.2) is looked up in a table of entries. The
// next tableBits bits of the stream are the index. A code of more bits is looked up
// a second time, in a table of its own behind the first, which the entry links to.
// An entry is
//
//	31       30 ... 16   15        14     13      12        11 ... 8   5 ... 0
//	literal | value    | special | link | invalid | end    | code     | total
//
// value is the literal; or the least length or distance; or, of a link, the place of
// its table. code is how many bits the code has, and total how many with the extra
// bits behind it, which are added to value. Of a link, total is the width of its
// table in bits.
const (
	entryLiteral = 1 << 31
	entrySpecial = 1 << 15 // one of the three below
	entryLink    = 1<<14 | entrySpecial
	entryInvalid = 1<<13 | entrySpecial // no such code, or a symbol that may not occur
	entryEnd     = 1<<12 | entrySpecial // end of block

	entryValueShift = 16
	entryValueMask  = 1<<15 - 1
	entryCodeShift  = 8
	entryCodeMask   = 15
	entryTotalMask  = 63
	entryOneBit     = 1<<entryCodeShift | 1 // added once for each bit of a code
)

const (
	maxCodeLength    = 15  // bits
	maxLitlenSymbols = 286 // what a dynamic block may define; 286 and 287 exist in the fixed code only
	maxDistSymbols   = 30
	endOfBlock       = 256 // a literal/length symbol

	litlenTableBits = 10
	distTableBits   = 8
	lengthTableBits = 7 // code lengths have no more than 7 bits: one look-up suffices

	// The most entries that a complete code of so many symbols can need, as zlib's
	// examples/enough.c finds: "enough 286 10 15" and "enough 30 8 15".
	litlenTableSize = 1332
	distTableSize   = 400
)

// blockCode has the two codes of a block with Huffman codes.
type blockCode struct {
	litlen [litlenTableSize]uint32
	dist   [distTableSize]uint32
}

// The symbols of the three alphabets, as entries without the bits of their code.
var (
	litlenSymbols = newLitlenSymbols()
	distSymbols   = newDistSymbols()
	lengthSymbols = newLengthSymbols()
)

// fixedCode is the code of section 3.2.6.
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

// The symbols of code lengths that repeat (section 3.2.7). Those below are lengths.
const (
	repeatPrevious = 16 // 3 to 6 times
	repeatZero     = 17 // 3 to 10 times
	repeatZeroLong = 18 // 11 to 138 times
)

// newLengthSymbols returns the symbols of code lengths.
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

// buildTable fills table with the code that has the given lengths, in the order of the
// alphabet. It returns false when they are no code: over-subscribed or incomplete.
// As in compress/flate, two incomplete ones pass, in which the bits that stand
// for nothing are invalid: a single symbol of one bit, and no symbol at all.
func buildTable(table []uint32, tableBits int, lengths []uint8, symbols []uint32) bool {
	// Most symbols do not occur, and stand together: the others are picked out first.
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
	// Of the 2^15 strings of 15 bits, how many a code begins; and where in the sorted
	// symbols each length starts.
	var used int
	var next [maxCodeLength + 2]int
	for n := 1; n <= maxCodeLength; n++ {
		used += count[n] << (maxCodeLength - n)
		next[n+1] = next[n] + count[n]
	}
	if used != 1<<maxCodeLength && longest > 0 && (longest > 1 || count[1] > 1) {
		return false
	}
	// The symbols in the order of their codes: by length, then by value.
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

	// A code comes with its first bit first, which is the lowest of an index: reversed is
	// the next code in that form, and index the place of its symbol in sorted.
	var reversed, index int
	for n := 1; n <= longest && n <= tableBits; n++ {
		// All that is shorter stands in the lower half, and for both values of bit n.
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
	end := 1 << tableBits // of what is filled of table
	var start, width int  // of the last second table
	link := -1            // where in the first table the link to it is
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

// nextReversed returns the code of n bits that follows, first bit lowest: it adds
// one to the highest bit, and carries downwards.
func nextReversed(code, n int) int {
	zeros := code ^ (1<<n - 1)
	if zeros == 0 {
		return 0 // it was the last code
	}
	bit := 1 << (bits.Len(uint(zeros)) - 1)
	return code&(bit-1) | bit
}

// fillIncomplete fills a table whose code has one symbol of one bit, or none at all.
func fillIncomplete(table []uint32, longest int, symbol uint32) {
	for i := range table {
		switch {
		case longest == 0:
			table[i] = entryInvalid // seen before any bit has come
		case i&1 == 0:
			table[i] = symbol + entryOneBit
		default:
			table[i] = entryInvalid + entryOneBit
		}
	}
}
