// Package inflate decompresses DEFLATE data (RFC 1951) that arrives in pieces.
//
// compress/flate reads its input from an [io.Reader], and needs a goroutine that can wait
// there. An [Inflater] takes the bytes that have arrived, stops at the bit where they end, and
// resumes at that bit when more arrive. It neither allocates nor keeps a reference to its
// input. Its 40 KiB are all the memory that it uses.
//
//	var f inflate.Inflater
//	f.Reset(inflate.MaxWindowBits, nil)
//	for {
//		out, used, status := f.Next(in)
//		in = in[used:]
//		// Use out before the next call.
//		switch status {
//		case inflate.MoreOutput: // call Next again, even if in is empty
//		case inflate.NeedInput: // append what arrives next to in, which is empty
//		case inflate.StreamEnd: // in begins with what follows the stream
//		case inflate.Corrupt: // f.Err returns why
//		}
//	}
//
// Two streams can share a window: after the first, [Inflater.AppendHistory] returns the
// output that matches may still refer to, and [Inflater.Reset] takes it. A connection
// with nothing to inflate needs to keep no more than that.
//
// # What is corrupt
//
// The package rejects what compress/flate rejects, given the same bits, and also:
//
//   - a distance beyond the window that Reset was given, which may be smaller than 32 KiB;
//   - a block whose code has no end-of-block symbol (RFC 1951 section 3.2.7), which
//     compress/flate reads until its input ends;
//   - an invalid code in the last bits of the input, where compress/flate waits until it
//     has as many bits as the end of the block would need.
//
// Like compress/flate, it ignores the bits between the end of a block and the next byte.
//
// # Files
//
//	inflate.go     the Inflater, its states and its input
//	corruption.go  the reasons why input is corrupt
//	block.go       block headers, stored blocks, the codes of dynamic blocks (sections 3.2.3, 3.2.4, 3.2.7)
//	huffman.go     Huffman codes and their lookup tables (sections 3.2.2, 3.2.5, 3.2.6)
//	symbols.go     literals and matches (section 3.2.5), where the time goes
//	window.go      the output, kept in a ring that matches are copied from
package inflate
