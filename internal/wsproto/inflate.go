package wsproto

import "encoding/binary"

// inflater inflates what a client has compressed (RFC 1951, as RFC 7692 section 7.2.2
// uses it). Its input may come in any cuts: it stops when the input ends, or when the
// output has no more room, and goes on at exactly that bit. It allocates nothing and
// keeps no input: the 40 KB that it is, for a pool to hold, are all its storage.
//
//  1. reset begins a stream; nothing else readies an inflater that comes from a pool.
//  2. next inflates a piece of a message. It is called again, with what it has not
//     used, until it needs input or finds that the input is corrupt.
//  3. endMessage, when the last piece of a message has been inflated, says whether the
//     message may end there. The next message goes on with the same window (context
//     takeover, section 7.1.1), unless reset comes before it.
//  4. appendHistory gives what reset needs to go on with another inflater: a connection
//     need keep no more than that between two messages, and never more than the window.
//
// A block with BFINAL set ends a stream, but not its message (section 7.2.3.4), nor its
// window: RFC 7692 knows no other end of that than the end of a message.
//
// It refuses what compress/flate refuses, when it has the same bits, and three things
// more: a distance beyond the window that was agreed on (RFC 7692 section 7.1.2); a
// code without an end of the block, which compress/flate reads until its input ends
// (RFC 1951 section 3.2.7 has one in every block); and what is wrong in the last bits of
// an input, where compress/flate first waits for as many as the end of the block has.
// Like it, it ignores the bits between a block's end and the next byte.
type inflater struct {
	in   []byte // the input, while next runs
	at   int    // how many bytes of it have been taken
	hold uint64 // bits that were taken and not used, the first one lowest; above them, zeros
	bits uint   // how many: less than 8 between two calls, unless something unfinished needs more

	state   inflateState
	fault   corruption // why the input is corrupt, after inflateCorrupt
	final   bool       // the current block is the last of its stream
	ended   bool       // the last block was, and nothing has come behind it
	fixed   bool       // the current block has the fixed code
	stored  int        // bytes of the current stored block that have not come
	litlens int        // how many code lengths are for literals and lengths,
	dists   int        // how many are for distances,
	codes   int        // how many are for code lengths,
	index   int        // and how many of those being read there are
	lengths [maxLitlenSymbols + maxDistSymbols]uint8

	tables int // blocks with codes of their own, for the user to count and set to 0

	window
	code blockCode // of a dynamic block; while that is read, dist has the code of the code lengths
}

// inflateStatus is why next has stopped.
type inflateStatus uint8

const (
	inflateGoesOn     inflateStatus = iota // it has not: never returned by next
	inflateNeedsInput                      // all input is used, and has become output as far as it can
	inflateHasMore                         // the output is full: there may be more without further input
	inflateStreamEnd                       // a block with BFINAL ended; what follows is the next block
	inflateCorrupt                         // fault says why; next and endMessage must not be called
)

// inflateState is what comes next in the stream.
type inflateState uint8

const (
	atBlock       inflateState = iota // the 3 bits of a block's header
	atStored                          // LEN and NLEN of a stored block
	inStored                          // its bytes
	atCounts                          // HLIT, HDIST and HCLEN of a dynamic block
	inCodeLengths                     // the code lengths of the code of the code lengths
	inLengths                         // the code lengths of both codes
	inSymbols                         // the symbols of a block with Huffman codes
)

// corruption is a way in which compressed data is not DEFLATE.
type corruption uint8

const (
	reservedBlockType corruption = iota
	storedLengthMismatch
	tooManySymbols
	invalidLengthsCode
	nothingToRepeat
	tooManyLengths
	invalidLitlenCode
	invalidDistCode
	noEndOfBlock
	invalidLength
	invalidSymbol
	invalidDistance
	distanceTooFar
	endsInBlock
)

var corruptions = [...]string{
	reservedBlockType:    "a block of the reserved type 3 (RFC 1951 section 3.2.3)",
	storedLengthMismatch: "a stored block's LEN and NLEN are no complements (RFC 1951 section 3.2.4)",
	tooManySymbols:       "a code of over 286 lengths or 30 distances (RFC 1951 section 3.2.7)",
	invalidLengthsCode:   "the code of the code lengths is not complete (RFC 1951 section 3.2.7)",
	nothingToRepeat:      "the first code length repeats the one before (RFC 1951 section 3.2.7)",
	tooManyLengths:       "more code lengths than announced (RFC 1951 section 3.2.7)",
	invalidLitlenCode:    "the literal/length code is not complete (RFC 1951 section 3.2.7)",
	invalidDistCode:      "the distance code is not complete (RFC 1951 section 3.2.7)",
	noEndOfBlock:         "a code without the end of the block (RFC 1951 section 3.2.7)",
	invalidLength:        "bits that are no code length (RFC 1951 section 3.2.7)",
	invalidSymbol:        "bits that are no literal or length (RFC 1951 section 3.2.5)",
	invalidDistance:      "bits that are no distance (RFC 1951 section 3.2.5)",
	distanceTooFar:       "a distance beyond the window, or before the first byte (RFC 7692 section 7.1.2)",
	endsInBlock:          "the message ends within a block (RFC 7692 section 7.2.1)",
}

func (c corruption) String() string { return corruptions[c] }

// reset begins a stream whose window has 1<<bits bytes, bits being 8 to 15, with
// history as the output before it: nothing, or what appendHistory gave, which must not
// be longer than the window.
func (f *inflater) reset(bits uint8, history []byte) {
	f.restart()
	f.window.reset(bits, history)
}

// restart expects a block at the next byte.
func (f *inflater) restart() {
	f.hold, f.bits, f.state, f.ended = 0, 0, atBlock, false
}

// next inflates in, up to the end of it, of the stream, or of the room for output. It
// returns the output, which is a part of the window and valid until the next call,
// and how much of in it has used. What came before a corrupt place is still given;
// used means nothing then.
func (f *inflater) next(in []byte) (out []byte, used int, status inflateStatus) {
	f.wrap()
	start := f.pos
	f.in, f.at = in, 0
	for status == inflateGoesOn {
		status = f.step()
	}
	if status == inflateHasMore {
		f.putBack()
	}
	f.in = nil
	return f.ring[start:f.pos], f.at, status
}

// endMessage says whether a message may end here, and expects the next one. The
// sender has cut off 00 00 ff ff, the last 4 bytes of an empty stored block (RFC 7692
// section 7.2.1), so that its LEN must come next. A message may also end with a block that
// has BFINAL set, and nothing behind it: section 7.2.3.4 wants an empty block there,
// but senders that end every message as a stream of its own do without.
func (f *inflater) endMessage() bool {
	legal := f.state == atStored && f.bits == 0 || f.ended
	f.restart()
	return legal
}

// step handles what comes next in the stream.
func (f *inflater) step() inflateStatus {
	switch f.state {
	case atBlock:
		return f.readBlock()
	case atStored:
		return f.readStored()
	case inStored:
		return f.copyStored()
	case atCounts:
		return f.readCounts()
	case inCodeLengths:
		return f.readCodeLengths()
	case inLengths:
		return f.readLengths()
	default:
		return f.inflateSymbols()
	}
}

// corrupt says why the input is.
func (f *inflater) corrupt(fault corruption) inflateStatus {
	f.fault = fault
	return inflateCorrupt
}

// fill takes input until there are at least 56 bits or it is used up.
func (f *inflater) fill() {
	if len(f.in)-f.at >= 8 {
		f.hold |= binary.LittleEndian.Uint64(f.in[f.at:]) << (f.bits & 63)
		f.at += int(63-f.bits) >> 3
		f.bits |= 56
		f.hold &= 1<<(f.bits&63) - 1
		return
	}
	for f.bits < 56 && f.at < len(f.in) {
		f.hold |= uint64(f.in[f.at]) << (f.bits & 63)
		f.at++
		f.bits += 8
	}
}

// need says whether n bits are there, after it has tried to get them.
func (f *inflater) need(n uint) bool {
	if f.bits < n {
		f.fill()
	}
	return f.bits >= n
}

// use removes n bits.
func (f *inflater) use(n uint) {
	f.hold >>= n & 63
	f.bits -= n
}

// putBack returns whole bytes to the input. They are always of the current one: what
// was held back at the end of an earlier one has been used with what it belonged to.
func (f *inflater) putBack() {
	f.at -= int(f.bits >> 3)
	f.bits &= 7
	f.hold &= 1<<f.bits - 1
}
