package inflate

import "encoding/binary"

// fastSymbols runs while there is this much input, and this much room in the ring.
const (
	fastInput = 8                        // bytes
	fastRoom  = 1 + maxMatch + copySlack // bytes: a literal, and the longest match

	maxMatch     = 258              // bytes
	longMatch    = 40               // bytes; copying a longer match is worth a call
	maxMatchBits = 15 + 5 + 15 + 13 // two codes, each with its extra bits
)

// inflateSymbols inflates the symbols of a block with Huffman codes (RFC 1951 section
// 3.2.5).
func (f *Inflater) inflateSymbols() (status Status) {
	code := &f.code
	if f.fixed {
		code = &fixedCode
	}
	f.copyMatch()
	for status == running && f.state == inSymbols {
		if f.copyLeft > 0 { // the match continues at the ring's beginning
			return MoreOutput
		}
		f.fastSymbols(code)
		status = f.symbol(code)
		f.copyMatch()
	}
	return status
}

// symbol inflates one literal, or one length and its distance, once all their bits have
// arrived. If too few have, the zeros above them select an entry that needs more.
func (f *Inflater) symbol(code *blockCode) Status {
	f.fill()
	e := code.litlen[f.hold&(1<<litlenTableBits-1)]
	if e&entryLink == entryLink {
		e = code.litlen[linked(e, f.hold, litlenTableBits)]
	}
	total := uint(e & entryTotalMask)
	switch {
	case f.bits < total:
		return NeedInput
	case e&entryLiteral != 0:
		if f.pos == ringSize {
			return MoreOutput
		}
		f.ring[f.pos] = byte(e >> entryValueShift)
		f.pos++
		f.use(total)
		return running
	case e&entryEnd == entryEnd:
		f.use(total)
		return f.endBlock()
	case e&entrySpecial != 0:
		return f.corrupt(ErrLiteralSymbol)
	}
	length := valueAndExtra(e, f.hold)

	hold := f.hold >> total
	e = code.dist[hold&(1<<distTableBits-1)]
	if e&entryLink == entryLink {
		e = code.dist[linked(e, hold, distTableBits)]
	}
	total += uint(e & entryTotalMask)
	if f.bits < total {
		return NeedInput
	}
	if e&entrySpecial != 0 {
		return f.corrupt(ErrDistanceSymbol)
	}
	dist := valueAndExtra(e, hold)
	if !f.reaches(dist) {
		return f.corrupt(ErrDistanceTooFar)
	}
	f.use(total)
	f.copyLeft, f.copyDist = length, dist
	return running
}

// fastSymbols inflates symbols while there is enough input and room for any of them. The
// package spends its time here, so the state is in local variables, input is taken 8 bytes
// at a time and matches are copied in words. The end of the block and everything invalid
// is left to symbol, with the bits not used.
func (f *Inflater) fastSymbols(code *blockCode) {
	in, at := f.in, f.at
	hold, bits := f.hold, f.bits
	ring, pos := &f.ring, f.pos
	for at <= len(in)-fastInput && pos <= ringSize-fastRoom {
		// Hold at least 56 bits. Above the bits that are counted, hold has more of the stream,
		// which the next round puts there again.
		hold |= binary.LittleEndian.Uint64(in[at:]) << (bits & 63)
		at += int(63-bits) >> 3
		bits |= 56

		// Text is mostly literals, so take up to two in a round, then a match if enough bits
		// are left for the longest.
		e := code.litlen[hold&(1<<litlenTableBits-1)]
		if e&entryLiteral != 0 {
			ring[pos] = byte(e >> entryValueShift)
			pos++
			hold >>= e & entryTotalMask
			bits -= uint(e & entryTotalMask)
			e = code.litlen[hold&(1<<litlenTableBits-1)]
			if e&entryLiteral != 0 {
				ring[pos] = byte(e >> entryValueShift)
				pos++
				hold >>= e & entryTotalMask
				bits -= uint(e & entryTotalMask)
				continue
			}
			if bits < maxMatchBits {
				continue
			}
		}
		if e&entrySpecial != 0 {
			if e&entryLink != entryLink {
				break
			}
			e = code.litlen[linked(e, hold, litlenTableBits)]
			if e&entryLiteral != 0 {
				ring[pos] = byte(e >> entryValueShift)
				pos++
				hold >>= e & entryTotalMask
				bits -= uint(e & entryTotalMask)
				continue
			}
			if e&entrySpecial != 0 {
				break
			}
		}
		rest := hold >> (e & entryTotalMask) // what follows the length
		d := code.dist[rest&(1<<distTableBits-1)]
		length := valueAndExtra(e, hold)
		if d&entryLink == entryLink {
			d = code.dist[linked(d, rest, distTableBits)]
		}
		dist := valueAndExtra(d, rest)
		from := pos - dist
		if from < 0 {
			from += ringSize
		}
		if d&entrySpecial != 0 || dist > f.size || dist-pos > f.older {
			break
		}
		hold = rest >> (d & entryTotalMask)
		bits -= uint(e&entryTotalMask + d&entryTotalMask)
		if length > longMatch || from > ringSize-fastRoom { // its source may cross the ring's end
			f.pos, f.copyLeft, f.copyDist = pos, length, dist
			f.copyMatch()
			pos = f.pos
			continue
		}
		copyWords(ring, pos, from, dist, length)
		pos += length
	}
	f.at, f.pos = at, pos
	f.hold, f.bits = hold&(1<<(bits&63)-1), bits
}

// linked returns the index of the entry that a link leads to.
func linked(e uint32, hold uint64, tableBits uint) uint64 {
	return uint64(e>>entryValueShift&entryValueMask) + hold>>tableBits&(1<<(e&entryTotalMask)-1)
}

// valueAndExtra returns an entry's value plus its extra bits, which follow the code in hold.
func valueAndExtra(e uint32, hold uint64) int {
	extra := hold & (1<<(e&entryTotalMask) - 1) >> (e >> entryCodeShift & entryCodeMask)
	return int(e>>entryValueShift&entryValueMask) + int(extra)
}
