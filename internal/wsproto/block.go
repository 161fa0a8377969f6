package wsproto

// readBlock reads a block's header (RFC 1951 section 3.2.3).
func (f *inflater) readBlock() inflateStatus {
	if !f.need(3) {
		return inflateNeedsInput
	}
	f.ended = false
	f.final = f.hold&1 != 0
	kind := f.hold >> 1 & 3
	f.use(3)
	switch kind {
	case 0:
		f.use(f.bits & 7) // up to the next byte
		f.state = atStored
	case 1:
		f.fixed = true
		f.state = inSymbols
	case 2:
		f.fixed = false
		f.state = atCounts
	default:
		return f.corrupt(reservedBlockType)
	}
	return inflateGoesOn
}

// endBlock goes on behind a block. The last one of a stream is followed by padding up
// to the next byte (RFC 7692 section 7.2.1).
func (f *inflater) endBlock() inflateStatus {
	f.state = atBlock
	if !f.final {
		return inflateGoesOn
	}
	f.use(f.bits & 7)
	f.putBack()
	f.ended = true
	return inflateStreamEnd
}

// readStored reads the length of a stored block (RFC 1951 section 3.2.4).
func (f *inflater) readStored() inflateStatus {
	if !f.need(32) {
		return inflateNeedsInput
	}
	length, complement := uint16(f.hold), uint16(f.hold>>16)
	if length != ^complement {
		return f.corrupt(storedLengthMismatch)
	}
	f.use(32)
	f.putBack()
	f.stored = int(length)
	f.state = inStored
	return inflateGoesOn
}

// copyStored copies bytes of a stored block. No bits are held meanwhile.
func (f *inflater) copyStored() inflateStatus {
	piece := f.in[f.at:]
	n := copy(f.ring[f.pos:], piece[:min(len(piece), f.stored)])
	f.pos += n
	f.at += n
	f.stored -= n
	switch {
	case f.stored == 0:
		return f.endBlock()
	case f.pos == ringSize:
		return inflateHasMore
	default:
		return inflateNeedsInput
	}
}

// codeLengthOrder is the order in which the lengths of the codes of code lengths come
// (section 3.2.7).
var codeLengthOrder = [...]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readCounts reads how many code lengths a dynamic block has (section 3.2.7).
func (f *inflater) readCounts() inflateStatus {
	if !f.need(14) {
		return inflateNeedsInput
	}
	f.litlens = int(f.hold&31) + 257
	f.dists = int(f.hold>>5&31) + 1
	f.codes = int(f.hold>>10&15) + 4
	if f.litlens > maxLitlenSymbols || f.dists > maxDistSymbols {
		return f.corrupt(tooManySymbols)
	}
	f.use(14)
	clear(f.lengths[:len(codeLengthOrder)])
	f.index = 0
	f.state = inCodeLengths
	return inflateGoesOn
}

// readCodeLengths reads the code of the code lengths.
func (f *inflater) readCodeLengths() inflateStatus {
	for ; f.index < f.codes; f.index++ {
		if !f.need(3) {
			return inflateNeedsInput
		}
		f.lengths[codeLengthOrder[f.index]] = uint8(f.hold & 7)
		f.use(3)
	}
	if !buildTable(f.code.dist[:], lengthTableBits, f.lengths[:len(codeLengthOrder)], lengthSymbols[:]) {
		return f.corrupt(invalidLengthsCode)
	}
	f.index = 0
	f.state = inLengths
	return inflateGoesOn
}

// readLengths reads the code lengths of both codes, which are one sequence: repeats
// may cross from one to the other.
func (f *inflater) readLengths() inflateStatus {
	all := f.lengths[:f.litlens+f.dists]
	for f.index < len(all) {
		if f.bits < 14 {
			f.fill()
		}
		e := f.code.dist[f.hold&(1<<lengthTableBits-1)]
		total, code, symbol := uint(e&entryTotalMask), uint(e>>entryCodeShift&entryCodeMask), e>>entryValueShift
		switch {
		case f.bits < code:
			return inflateNeedsInput
		case e&entrySpecial != 0:
			return f.corrupt(invalidLength)
		case symbol < repeatPrevious:
			all[f.index] = uint8(symbol)
			f.index++
			f.use(total)
			continue
		case symbol == repeatPrevious && f.index == 0:
			return f.corrupt(nothingToRepeat)
		case f.bits < total:
			return inflateNeedsInput
		}
		times := int(f.hold&(1<<total-1)>>code) + 3
		var length uint8
		switch symbol {
		case repeatPrevious:
			length = all[f.index-1]
		case repeatZeroLong:
			times += 11 - 3
		}
		f.use(total)
		if times > len(all)-f.index {
			return f.corrupt(tooManyLengths)
		}
		for range times {
			all[f.index] = length
			f.index++
		}
	}
	return f.buildCodes()
}

// buildCodes makes the tables of a dynamic block.
func (f *inflater) buildCodes() inflateStatus {
	f.tables++
	litlens, dists := f.lengths[:f.litlens], f.lengths[f.litlens:f.litlens+f.dists]
	switch {
	case !buildTable(f.code.litlen[:], litlenTableBits, litlens, litlenSymbols[:]):
		return f.corrupt(invalidLitlenCode)
	case !buildTable(f.code.dist[:], distTableBits, dists, distSymbols[:]):
		return f.corrupt(invalidDistCode)
	case litlens[endOfBlock] == 0:
		return f.corrupt(noEndOfBlock)
	}
	f.state = inSymbols
	return inflateGoesOn
}
