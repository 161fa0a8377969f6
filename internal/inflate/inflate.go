package inflate

import "encoding/binary"

// Inflater decompresses one stream at a time. It must be Reset before its first use,
// and before each use of one that comes from a pool.
type Inflater struct {
	in   []byte // the input of the current call of Next
	at   int    // how many bytes of it have been taken
	hold uint64 // bits taken but not used, the next one lowest; the bits above are 0
	bits uint   // how many; less than 8 between two calls, unless a symbol is incomplete

	state   state
	fault   Corruption // of the Corrupt status; else 0
	final   bool       // the current block is the last of its stream
	ended   bool       // the last block of the stream has ended and nothing has followed
	fixed   bool       // the current block has the fixed code
	stored  int        // bytes of the current stored block still to come
	litlens int        // code lengths of the literal/length code
	dists   int        // code lengths of the distance code
	codes   int        // code lengths of the code length code
	index   int        // code lengths read so far
	lengths [maxLitlenSymbols + maxDistSymbols]uint8
	work    int // of block headers in the current call of Next, see BlockWork

	window
	code blockCode // of a dynamic block; dist holds the code length code until it has been read
}

// Status is why [Inflater.Next] returned, and so what its caller does next.
type Status uint8

const (
	running Status = iota // never returned

	// NeedInput: all input has been used. Next needs more of it to produce more output.
	NeedInput
	// MoreOutput: the window's end was reached, or many blocks have begun. Next must be called
	// again with the rest of the input, even if that is empty.
	MoreOutput
	// StreamEnd: a final block has ended (BFINAL, section 3.2.3). A further call begins
	// another stream with the same window.
	StreamEnd
	// Corrupt: the input is not DEFLATE data, and [Inflater.Err] returns why. The next call must
	// be Reset.
	Corrupt
)

var statusNames = [...]string{"running", "NeedInput", "MoreOutput", "StreamEnd", "Corrupt"}

// String returns the name of the constant.
func (s Status) String() string { return statusNames[s] }

// state is what comes next in the stream.
type state uint8

const (
	atBlock       state = iota // the 3 bits of a block's header
	atStored                   // LEN and NLEN of a stored block
	inStored                   // its bytes
	atCounts                   // HLIT, HDIST and HCLEN of a dynamic block
	inCodeLengths              // the code lengths of the code length code
	inLengths                  // the code lengths of the other two codes
	inSymbols                  // the symbols of a block with Huffman codes
)

// Reset begins a stream whose matches reach up to 1<<windowBits bytes back. windowBits is 8
// to [MaxWindowBits]; Reset does not check it. history precedes the stream, and matches
// reach into it too: it is what [Inflater.AppendHistory] returned for the same windowBits,
// or empty. It must not be longer than the window. Reset copies it. It may be called at any
// time, even in the middle of a stream.
func (f *Inflater) Reset(windowBits uint8, history []byte) {
	f.hold, f.bits, f.state, f.fault, f.ended, f.work = 0, 0, atBlock, 0, false, 0
	f.window.reset(windowBits, history)
}

// Next decompresses the beginning of in, until in ends, the stream ends, the window is full or the
// call has taken enough time (see [Inflater.BlockWork]). It returns the output, which is a part of
// the window and valid until the next call, and how many bytes of in it has used. It also returns
// the output before corrupt input; used is meaningless then.
func (f *Inflater) Next(in []byte) (out []byte, used int, status Status) {
	f.wrap()
	start := f.pos
	f.in, f.at, f.work = in, 0, 0
	for status == running {
		status = f.step()
	}
	if status == MoreOutput {
		f.putBack()
	}
	f.in = nil
	return f.ring[start:f.pos], f.at, status
}

// Err returns the [Corruption] that made Next return Corrupt, or nil.
func (f *Inflater) Err() error {
	if f.fault == 0 {
		return nil
	}
	return f.fault
}

// AtStoredLength reports whether the input has ended right after the header of a stored
// block and its padding, so that LEN comes next (section 3.2.4). That is where a
// compressor's sync flush leaves the stream once the 00 00 FF FF that ends it is removed.
func (f *Inflater) AtStoredLength() bool { return f.state == atStored && f.bits == 0 }

// AtStreamEnd reports whether the input has ended with a final block and its padding.
func (f *Inflater) AtStreamEnd() bool { return f.ended }

// The work for a block besides its output, in bytes of output that take as long. A block may
// have no output.
const (
	headerWork = 16      // the header of a block, of whatever type
	tableWork  = 1 << 10 // the lookup tables of a dynamic block (section 3.2.7)

	// maxBlockWork is the work for blocks after which a call of Next returns. Its output is
	// bounded by the window.
	maxBlockWork = 32 << 10
)

// BlockWork returns the work of the last call of Next for headers and tables of blocks, in bytes
// of output that take as long: little more than 32 KiB at most. A caller that limits the time it
// spends adds it to the length of the output.
func (f *Inflater) BlockWork() int { return f.work }

// step handles what comes next in the stream.
func (f *Inflater) step() Status {
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

// corrupt records why the input is corrupt.
func (f *Inflater) corrupt(fault Corruption) Status {
	f.fault = fault
	return Corrupt
}

// fill takes input until at least 56 bits are held or the input is used up.
func (f *Inflater) fill() {
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

// need reports whether n bits are held, after taking input if they were not.
func (f *Inflater) need(n uint) bool {
	if f.bits < n {
		f.fill()
	}
	return f.bits >= n
}

// use removes n bits.
func (f *Inflater) use(n uint) {
	f.hold >>= n & 63
	f.bits -= n
}

// putBack returns whole bytes to the input. All of them are of the current input: bits left from
// an earlier one were part of an incomplete symbol, which has been used since.
func (f *Inflater) putBack() {
	f.at -= int(f.bits >> 3)
	f.bits &= 7
	f.hold &= 1<<f.bits - 1
}
