package inflate

// readBlock reads a block's header (RFC 1951 section 3.2.3).
func (f *Inflater) readBlock() Status {
	if f.work >= maxBlockWork && int(f.bits>>3)+len(f.in)-f.at > 0 { // so that the next call uses input
		return MoreOutput
	}
	if !f.need(3) {
		return NeedInput
	}
	f.work += headerWork
	f.ended = false
	f.final = f.hold&1 != 0
	kind := f.hold >> 1 & 3
	f.use(3)
	switch kind {
	case 0:
		f.use(f.bits & 7) // the padding up to the next byte
		f.state = atStored
	case 1:
		f.fixed = true
		f.state = inSymbols
	case 2:
		f.fixed = false
		f.state = atCounts
	default:
		return f.corrupt(ErrBlockType)
	}
	return running
}

// endBlock expects the next block. After the final one, it ends the stream at the next byte.
func (f *Inflater) endBlock() Status {
	f.state = atBlock
	if !f.final {
		return running
	}
	f.use(f.bits & 7)
	f.putBack()
	f.ended = true
	return StreamEnd
}

// readStored reads the length of a stored block (RFC 1951 section 3.2.4).
func (f *Inflater) readStored() Status {
	if !f.need(32) {
		return NeedInput
	}
	length, complement := uint16(f.hold), uint16(f.hold>>16)
	if length != ^complement {
		return f.corrupt(ErrStoredLength)
	}
	f.use(32)
	f.putBack()
	f.stored = int(length)
	f.state = inStored
	return running
}

// copyStored copies the bytes of a stored block. No bits are held in this state.
func (f *Inflater) copyStored() Status {
	piece := f.in[f.at:]
	n := copy(f.ring[f.pos:], piece[:min(len(piece), f.stored)])
	f.pos += n
	f.at += n
	f.stored -= n
	switch {
	case f.stored == 0:
		return f.endBlock()
	case f.at == len(f.in):
		return NeedInput
	default:
		return MoreOutput
	}
}

// codeLengthOrder is the order in which the code lengths of the code length code are sent
// (section 3.2.7).
var codeLengthOrder = [...]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readCounts reads how many code lengths a dynamic block has (section 3.2.7).
func (f *Inflater) readCounts() Status {
	if !f.need(14) {
		return NeedInput
	}
	f.litlens = int(f.hold&31) + 257
	f.dists = int(f.hold>>5&31) + 1
	f.codes = int(f.hold>>10&15) + 4
	if f.litlens > maxLitlenSymbols || f.dists > maxDistSymbols {
		return f.corrupt(ErrTooManyCodes)
	}
	f.use(14)
	clear(f.lengths[:len(codeLengthOrder)])
	f.index = 0
	f.state = inCodeLengths
	return running
}

// readCodeLengths reads the code length code.
func (f *Inflater) readCodeLengths() Status {
	for ; f.index < f.codes; f.index++ {
		if !f.need(3) {
			return NeedInput
		}
		f.lengths[codeLengthOrder[f.index]] = uint8(f.hold & 7)
		f.use(3)
	}
	if !buildTable(f.code.dist[:], lengthTableBits, f.lengths[:len(codeLengthOrder)], lengthSymbols[:]) {
		return f.corrupt(ErrCodeLengthCode)
	}
	f.index = 0
	f.state = inLengths
	return running
}

// readLengths reads the code lengths of both codes. They are one sequence, in which
// repeats may cross from one code to the other.
func (f *Inflater) readLengths() Status {
	all := f.lengths[:f.litlens+f.dists]
	for f.index < len(all) {
		if f.bits < 14 {
			f.fill()
		}
		e := f.code.dist[f.hold&(1<<lengthTableBits-1)]
		total, code, symbol := uint(e&entryTotalMask), uint(e>>entryCodeShift&entryCodeMask), e>>entryValueShift
		switch {
		case f.bits < code:
			return NeedInput
		case e&entrySpecial != 0:
			return f.corrupt(ErrCodeLengthSymbol)
		case symbol < repeatPrevious:
			all[f.index] = uint8(symbol)
			f.index++
			f.use(total)
			continue
		case symbol == repeatPrevious && f.index == 0:
			return f.corrupt(ErrNoLengthToRepeat)
		case f.bits < total:
			return NeedInput
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
			return f.corrupt(ErrTooManyLengths)
		}
		for range times {
			all[f.index] = length
			f.index++
		}
	}
	return f.buildCodes()
}

// buildCodes builds the lookup tables of a dynamic block.
func (f *Inflater) buildCodes() Status {
	f.work += tableWork
	litlens, dists := f.lengths[:f.litlens], f.lengths[f.litlens:f.litlens+f.dists]
	switch {
	case !buildTable(f.code.litlen[:], litlenTableBits, litlens, litlenSymbols[:]):
		return f.corrupt(ErrLiteralCode)
	case !buildTable(f.code.dist[:], distTableBits, dists, distSymbols[:]):
		return f.corrupt(ErrDistanceCode)
	case litlens[endOfBlock] == 0:
		return f.corrupt(ErrNoEndOfBlock)
	}
	f.state = inSymbols
	return running
}
