package model

import (
	"bytes"
	"compress/flate"
	"strings"
)

// bytes returns random bytes.
func (g *generator) bytes(n int) string {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(g.IntN(256))
	}
	return string(p)
}

// size returns the length of a payload: small, or beside a boundary of the length in a
// header.
func (g *generator) size() int {
	if g.oneIn(3) {
		return pick(g, 0, 1, 124, 125, 126, 127, 128)
	}
	return g.IntN(pick(g, 10, 60, 600, 3000))
}

func (g *generator) binary() string { return g.bytes(g.size()) }

// text returns random text.
func (g *generator) text() string {
	alphabet := pick(g, []string{"a"}, []string{"x", "y", "\n"}, []string{"a", "é", "z"}, []string{"κ", "ό", "σ"}, []string{"日", "本", "."}, []string{"😀", "\U0010FFFF", "x"})
	var b strings.Builder
	for size := g.size(); ; {
		c := pick(g, alphabet...)
		if b.Len()+len(c) > size {
			return b.String()
		}
		b.WriteString(c)
	}
}

// invalidText returns text with something in it that is not UTF-8 (RFC 3629 section 3).
func (g *generator) invalidText() string {
	invalid := pick(g, "\xff", "\xc0\x80", "\xc1\xbf", "\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5", "\xe2\x82", "\xf0\x9f\x98", "\xc3")
	end := ""
	if g.oneIn(2) {
		end = g.text()
	}
	return g.text() + invalid + end
}

// compressedMessage adds a compressed message, well made or not.
func (g *generator) compressedMessage() {
	if !g.deflate {
		g.message(opBinary, g.binary(), false)
		return
	}
	var opcode byte
	var plain string
	if g.oneIn(3) {
		opcode, plain = opBinary, g.binary()
	} else {
		opcode, plain = opText, g.text()
	}
	if g.compressor.takeover && g.oneIn(2) {
		plain = g.compressor.last // all of which is one reference
	}
	g.compressor.last = plain
	if g.narrow || !g.oneIn(6) {
		g.message(opcode, plain, true)
		return
	}
	g.fragments(opcode|rsv1Bit, g.corrupt(g.compressor.compress(g, plain)))
}

// corrupt changes a compressed message so that it may not be one any more.
func (g *generator) corrupt(wire string) string {
	p := []byte(wire)
	i := g.IntN(len(p) + 1)
	switch {
	case i == len(p):
		return wire + pick(g, "\x00", "\x06", "\x01\x00\x00\xff\xff", "\xff")
	case g.oneIn(2):
		return wire[:i]
	}
	p[i] ^= 1 << g.IntN(8)
	return string(p)
}

// compressor compresses messages as RFC 7692 section 7.2.1 has it.
type compressor struct {
	takeover bool   // each message may refer to those before
	last     string // the message before, inflated
	buffer   bytes.Buffer
	writer   *flate.Writer
}

// compress compresses a message in one of several ways.
func (c *compressor) compress(g *generator, plain string) string {
	switch {
	case !c.takeover:
		c.writer, _ = flate.NewWriter(&c.buffer, pick(g, flate.NoCompression, flate.HuffmanOnly, flate.BestSpeed, flate.DefaultCompression, flate.BestCompression))
	case c.writer == nil:
		c.writer, _ = flate.NewWriter(&c.buffer, pick(g, flate.BestSpeed, flate.DefaultCompression, flate.BestCompression))
	}
	c.buffer.Reset()
	if !c.takeover && g.oneIn(5) { // a block with BFINAL (section 7.2.3.4)
		c.writer.Write([]byte(plain))
		c.writer.Close()
		return c.buffer.String() + pick(g, "", "\x00")
	}
	if g.oneIn(4) { // several blocks (section 7.2.3.5)
		half := g.IntN(len(plain) + 1)
		c.writer.Write([]byte(plain[:half]))
		c.writer.Flush()
		plain = plain[half:]
	}
	c.writer.Write([]byte(plain))
	c.writer.Flush()
	return strings.TrimSuffix(c.buffer.String(), flushTail)
}

// cuts cuts the stream into writes.
func (g *generator) cuts() {
	p := &g.program
	head, end := len(p.Handshake.request()), len(p.stream())
	pause := func() Pause { return pick(g, NoPause, Await, Await, Nap) }
	var at []int
	switch g.IntN(6) {
	case 0: // one write, the request and all frames
	case 1: // the request by itself
		at = append(at, head)
	case 2: // frame by frame
		at = append(at, head)
		for i := range p.Frames {
			at = append(at, at[i]+len(p.Frames[i].append(nil)))
		}
	case 3: // every byte of a part
		from := pick(g, 0, head, head, max(head, end-30), head+g.IntN(end-head+1))
		for i := range min(end-from, pick(g, 10, 40)) {
			at = append(at, from+i)
		}
	default:
		for range 1 + g.IntN(6) {
			at = append(at, g.IntN(end+1))
		}
	}
	one, same := pause(), g.oneIn(2)
	for _, at := range at {
		if !same {
			one = pause()
		}
		p.Cuts = append(p.Cuts, Cut{at, one})
	}
	if g.drain {
		p.Cuts = append(p.Cuts, Cut{head + g.IntN(end-head+1), Drain})
	}
	sortCuts(p.Cuts)
}
