package wsproto

import "encoding/binary"

// fastSymbols runs while there are so many bytes of input, and of room in the ring.
const (
	fastInput = 8
	fastRoom  = 1 + maxMatch + copySlack // a literal, and the longest match

	maxMatch     = 258              // bytes
	longMatch    = 40               // bytes; longer ones are worth a call
	maxMatchBits = 15 + 5 + 15 + 13 // two codes, each with its extra bits
)

// inflateSymbols inflates the symbols of a block with Huffman codes (RFC 1951 section
// 3.2.5).
func (f *inflater) inflateSymbols() (status inflateStatus) {
	code := &f.code
	if f.fixed {
		code = &fixedCode
	}
	f.copyMatch()
	for status == inflateGoesOn && f.state == inSymbols {
		if f.pos == ringSize {
			return inflateHasMore
		}
		f.fastSymbols(code)
		status = f.symbol(code)
		f.copyMatch()
	}
	return status
}

// symbol inflates one literal, or one length with its distance, once all of it is
// there. Where too few bits are, the zeros above them lead to an entry that has more.
func (f *inflater) symbol(code *blockCode) inflateStatus {
	f.fill()
	e := code.litlen[f.hold&(1<<litlenTableBits-1)]
	if e&entryLink == entryLink {
		e = code.litlen[linked(e, f.hold, litlenTableBits)]
	}
	total := uint(e & entryTotalMask)
	switch {
	case f.bits < total:
		return inflateNeedsInput
	case e&entryLiteral != 0:
		f.ring[f.pos] = byte(e >> entryValueShift)
		f.pos++
		f.use(total)
		return inflateGoesOn
	case e&entryEnd == entryEnd:
		f.use(total)
		return f.endBlock()
	case e&entrySpecial != 0:
		return f.corrupt(invalidSymbol)
	}
	length := valueAndExtra(e, f.hold)

	hold := f.hold >> total
	e = code.dist[hold&(1<<distTableBits-1)]
	if e&entryLink == entryLink {
		e = code.dist[linked(e, hold, distTableBits)]
	}
	total += uint(e & entryTotalMask)
	if f.bits < total {
		return inflateNeedsInput
	}
	if e&entrySpecial != 0 {
		return f.corrupt(invalidDistance)
	}
	dist := valueAndExtra(e, hold)
	if !f.reaches(dist) {
		return f.corrupt(distanceTooFar)
	}
	f.use(total)
	f.copyLeft, f.copyDist = length, dist
	return inflateGoesOn
}

// fastSymbols inflates symbols while there is enough input and room for any of them. It
// is what the inflater spends its time on: it keeps all in local variables, takes the
// input 8 bytes at a time, and copies matches in words. It leaves the end of the block
// and every verdict to symbol, with the bits not used.
func (f *inflater) fastSymbols(code *blockCode) {
	in, at := f.in, f.at
	hold, bits := f.hold, f.bits
	ring, pos := &f.ring, f.pos
	for at <= len(in)-fastInput && pos <= ringSize-fastRoom {
		// Now there are at least 56 bits. Above those counted, hold has more of the stream,
		// which the next turn puts there once more.
		hold |= binary.LittleEndian.Uint64(in[at:]) << (bits & 63)
		at += int(63-bits) >> 3
		bits |= 56

		// Text is mostly literals: up to two of them a turn, and then what they leave the
		// bits for.
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
		behind := hold >> (e & entryTotalMask)
		d := code.dist[behind&(1<<distTableBits-1)]
		length := valueAndExtra(e, hold)
		if d&entryLink == entryLink {
			d = code.dist[linked(d, behind, distTableBits)]
		}
		dist := valueAndExtra(d, behind)
		from := pos - dist
		if from < 0 {
			from += ringSize
		}
		if d&entrySpecial != 0 || dist > f.size || dist-pos > f.older {
			break
		}
		hold = behind >> (d & entryTotalMask)
		bits -= uint(e&entryTotalMask + d&entryTotalMask)
		if length > longMatch || from > ringSize-fastRoom { // it may go around the ring's end
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

// linked is the place of the entry that a link leads to.
func linked(e uint32, hold uint64, tableBits uint) uint64 {
	return uint64(e>>entryValueShift&entryValueMask) + hold>>tableBits&(1<<(e&entryTotalMask)-1)
}

// valueAndExtra is an entry's value plus its extra bits, which hold has behind the code.
func valueAndExtra(e uint32, hold uint64) int {
	extra := hold & (1<<(e&entryTotalMask) - 1) >> (e >> entryCodeShift & entryCodeMask)
	return int(e>>entryValueShift&entryValueMask) + int(extra)
}
