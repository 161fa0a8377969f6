package wsproto

import (
	"encoding/binary"
	"math/bits"
)

// wideStep is how many bytes unmaskWide processes at a time.
const wideStep = 64

// highBits is the top bit of each of 8 bytes, which is set in bytes beyond ASCII.
const highBits = 0x8080808080808080

// unmask removes the masking key from p, in place (RFC 6455 section 5.3). The key's
// low byte applies to p[0]. It returns the key for the byte after p, and whether any
// unmasked byte is beyond ASCII, which costs next to nothing to find here.
func unmask(p []byte, key uint32) (next uint32, beyondASCII bool) {
	next = rotateKey(key, len(p))
	key64 := uint64(key)<<32 | uint64(key)
	var seen uint64 // every bit that is set anywhere in the unmasked bytes
	if n := len(p) &^ (wideStep - 1); n > 0 {
		seen = unmaskWide(p[:n], key64)
		p = p[n:]
	}
	for len(p) >= 8 {
		a := binary.LittleEndian.Uint64(p) ^ key64
		binary.LittleEndian.PutUint64(p, a)
		seen |= a
		p = p[8:]
	}
	for i := range p {
		p[i] ^= byte(key64)
		seen |= uint64(p[i])
		key64 >>= 8
	}
	return next, seen&highBits != 0
}

// rotateKey returns the key for the byte n bytes after the one that key is for.
func rotateKey(key uint32, n int) uint32 { return bits.RotateLeft32(key, -8*(n%4)) }

// unmaskWords removes the masking key from p, whose length is a multiple of [wideStep], in
// words of 8 bytes. It returns every bit that is set in any unmasked word. It does the work of
// unmaskWide where there is no assembly, and is the reference for its test.
func unmaskWords(p []byte, key64 uint64) (seen uint64) {
	for len(p) >= 32 {
		a := binary.LittleEndian.Uint64(p[0:8]) ^ key64
		b := binary.LittleEndian.Uint64(p[8:16]) ^ key64
		c := binary.LittleEndian.Uint64(p[16:24]) ^ key64
		d := binary.LittleEndian.Uint64(p[24:32]) ^ key64
		binary.LittleEndian.PutUint64(p[0:8], a)
		binary.LittleEndian.PutUint64(p[8:16], b)
		binary.LittleEndian.PutUint64(p[16:24], c)
		binary.LittleEndian.PutUint64(p[24:32], d)
		seen |= a | b | c | d
		p = p[32:]
	}
	return seen
}
