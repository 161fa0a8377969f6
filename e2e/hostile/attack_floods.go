//go:build linux

package main

import (
	"bytes"
	"slices"
)

// Frames that are cheap to send but take work, many in a read.
var floodAttacks = []attack{
	floodAttack("pings", "pings of one byte", nil, frame(fin|opPing, []byte("p"))),
	floodAttack("large pings", "pings of 125 bytes", nil, frame(fin|opPing, bytes.Repeat([]byte("p"), 125))),
	floodAttack("pongs", "unsolicited pongs", nil, frame(fin|opPong, nil)),
	floodAttack("one-byte messages", "text messages of one byte", nil, frame(fin|opText, []byte("a"))),
	floodAttack("empty messages", "text messages without a payload", nil, frame(fin|opText, nil)),
	floodAttack("one-byte fragments", "a message of 4,096 fragments of one byte", nil, fragments([]byte("a"), 4096)),
	floodAttack("empty fragments", "a message of 4,096 empty fragments", nil, fragments(nil, 4096)),
	floodAttack("pings between fragments", "a message of 2,048 fragments, with a ping after each", nil, interleaved(2048)),
	floodAttack("empty compressed messages", "compressed messages without content", compressed, frame(fin|rsv1|opText, []byte{0})),
	floodAttack("one-byte compressed messages", "compressed messages of one byte", compressed, frame(fin|rsv1|opText, deflate([]byte("a")))),
	floodAttack("empty DEFLATE blocks", "compressed messages of 50,000 empty blocks with fixed codes", compressed,
		frame(fin|rsv1|opBinary, append(repeat(emptyFixedBlocks, 62500), 0))),
	floodAttack("empty stored blocks", "compressed messages of 13,000 empty stored blocks", compressed,
		frame(fin|rsv1|opBinary, append(repeat(emptyStoredBlock, 65000), 0))),
	floodAttack("empty dynamic blocks", "compressed messages of 5,700 blocks that contain only codes", compressed,
		frame(fin|rsv1|opBinary, append(repeat(emptyDynamicBlocks(), 64000), 0))),
	floodAttack("large messages", "messages of 1 MiB", nil, frame(fin|opBinary, make([]byte, 1<<20))),
}

var compressed = []string{offerDeflate}

// floodAttack is an attack by peers that send f as fast as they can, and read.
func floodAttack(name, about string, fields []string, f []byte) attack {
	return attack{
		name: "flood: " + name, about: about, full: 20, short: 8,
		run: func(s *siege, n int) error {
			p := repeat(f, 64<<10)
			s.crowdWS(n, "/flood", fields, func(w *ws, _ int) { flood(w, p) })
			s.hold()
			return nil
		},
	}
}

// fragments returns a message of n fragments with the same payload.
func fragments(payload []byte, n int) []byte {
	return slices.Concat(
		frame(opBinary, payload),
		bytes.Repeat(frame(opContinuation, payload), n-2),
		frame(fin|opContinuation, payload),
	)
}

// interleaved returns a message of n fragments with a ping after each but the last.
func interleaved(n int) []byte {
	ping := frame(fin|opPing, nil)
	return slices.Concat(
		frame(opText, []byte("a")), ping,
		bytes.Repeat(slices.Concat(frame(opContinuation, []byte("a")), ping), n-2),
		frame(fin|opContinuation, []byte("a")),
	)
}

// emptyFixedBlocks is four blocks with fixed codes and no content (RFC 1951 section
// 3.2.6), of 10 bits each: not the last, type 01, end of block.
var emptyFixedBlocks = []byte{0x02, 0x08, 0x20, 0x80, 0x00}

// emptyStoredBlock is a stored block of no bytes (RFC 1951 section 3.2.4).
var emptyStoredBlock = []byte{0x00, 0x00, 0x00, 0xff, 0xff}

// emptyDynamicBlocks is eight blocks with dynamic codes and no content (RFC 1951 section
// 3.2.7), of 90 bits each. Each makes an inflater build its tables for 257 symbols.
func emptyDynamicBlocks() []byte {
	var w bitWriter
	for range 8 {
		w.write(0, 1)  // not the last
		w.write(2, 2)  // dynamic codes
		w.write(0, 5)  // 257 codes of literals and lengths
		w.write(0, 5)  // 1 code of distances
		w.write(14, 4) // 18 lengths of the codes that follow, in the order 16, 17, 18, 0, ... 1
		for i := range 18 {
			length := uint(0)
			if i == 2 || i == 17 { // the symbols 18 and 1
				length = 1
			}
			w.write(length, 3)
		}
		w.write(1, 1) // the symbol 18: zero, 11 + 127 times
		w.write(127, 7)
		w.write(1, 1) // again, 11 + 107 times: up to the literal 255
		w.write(107, 7)
		w.write(0, 1) // the symbol 1: the end of the block has a code of one bit
		w.write(0, 1) // and so has the distance
		w.write(0, 1) // the end of the block
	}
	return w.bytes
}

// A bitWriter packs numbers as RFC 1951 section 3.1.1 does: from the lowest bit on.
type bitWriter struct {
	bytes []byte
	free  int // bits in the last byte that are not used
}

func (w *bitWriter) write(value uint, bits int) {
	for i := range bits {
		if w.free == 0 {
			w.bytes = append(w.bytes, 0)
			w.free = 8
		}
		w.bytes[len(w.bytes)-1] |= byte(value>>i&1) << (8 - w.free)
		w.free--
	}
}
