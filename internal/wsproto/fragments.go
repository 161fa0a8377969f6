package wsproto

import "encoding/binary"

// Fragments sends data frames on in fragments of at most Size bytes of payload (RFC 6455
// section 5.4). A message that is in fragments already has more of them then; where a
// character or a compressed block is cut does not count. Control frames stay whole.
type Fragments struct {
	Size int // at least 1

	frames []byte // not sent on yet; without its header when left > 0
	left   int    // payload bytes of the current frame that have not been sent on
	first  byte   // the first byte of the header of the next fragment; its FIN is the frame's
}

// Put adds frames, whole ones with the header of a server. It takes a copy.
func (f *Fragments) Put(frames []byte) { f.frames = append(f.frames, frames...) }

// Empty says whether all has been sent on.
func (f *Fragments) Empty() bool { return len(f.frames) == 0 }

// Drop forgets what has not been sent on.
func (f *Fragments) Drop() { *f = Fragments{Size: f.Size} }

// AppendNext appends the next fragment to dst. There must be one.
func (f *Fragments) AppendNext(dst []byte) []byte {
	if f.left == 0 {
		f.header()
	}
	n := f.left
	if n > f.Size && !Opcode(f.first&0xF).isControl() {
		n = f.Size
	}
	first := f.first
	if n < f.left {
		first &^= finBit
	}
	dst = appendHeader(dst, first, n)
	dst = append(dst, f.frames[:n]...)
	f.frames = f.frames[n:]
	f.left -= n
	f.first &= finBit // the following ones are continuations, and without RSV1 (RFC 7692 section 6.1)
	if f.Empty() {
		f.Drop() // gives the storage back
	}
	return dst
}

// header takes the header of the next frame off frames.
func (f *Fragments) header() {
	f.first, f.left = f.frames[0], int(f.frames[1])
	n := 2
	switch f.left {
	case length16:
		f.left, n = int(binary.BigEndian.Uint16(f.frames[2:])), 4
	case length64:
		f.left, n = int(binary.BigEndian.Uint64(f.frames[2:])), 10
	}
	f.frames = f.frames[n:]
}
