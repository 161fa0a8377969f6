package wsproto

import "encoding/binary"

// utf8Checker checks text that arrives in pieces (RFC 6455 section 8.1). It fails at the
// first byte that no valid text can have there. The zero value is at the beginning of a
// text.
type utf8Checker struct {
	state uint8 // what may come next: between and so on
}

// check checks the next bytes of the text and reports whether it can still be valid. It must
// not be called again after false.
func (c *utf8Checker) check(p []byte) bool {
	p = c.checkWide(p)
	c.state = checkBytes(c.state, p)
	return c.state != rejected
}

// complete reports whether the text can end here, that is, not within a character.
func (c *utf8Checker) complete() bool { return c.state == between }

// The states of the automaton: what may come next. Each is the position of its 6 bits in the
// rows of utf8Table, which have room for ten.
const (
	between  = 6 * iota // a character
	rejected            // nothing
	last1               // the last byte of a character
	last2               // the last two bytes
	last3               // the last three
	afterE0             // the last two, without overlong forms
	afterED             // the last two, without surrogates
	afterF0             // the last three, without overlong forms
	afterF4             // the last three, up to U+10FFFF

	shiftMask = 1<<6 - 1
)

// wellFormed is table 3-7 of the Unicode Standard, "Well-Formed UTF-8 Byte Sequences", as an
// automaton.
var wellFormed = [...]struct{ state, low, high, next uint8 }{
	{between, 0x00, 0x7f, between},
	{between, 0xc2, 0xdf, last1},
	{between, 0xe0, 0xe0, afterE0},
	{between, 0xe1, 0xec, last2},
	{between, 0xed, 0xed, afterED},
	{between, 0xee, 0xef, last2},
	{between, 0xf0, 0xf0, afterF0},
	{between, 0xf1, 0xf3, last3},
	{between, 0xf4, 0xf4, afterF4},
	{last1, 0x80, 0xbf, between},
	{last2, 0x80, 0xbf, last1},
	{last3, 0x80, 0xbf, last2},
	{afterE0, 0xa0, 0xbf, last1},
	{afterED, 0x80, 0x9f, last1},
	{afterF0, 0x90, 0xbf, last2},
	{afterF4, 0x80, 0x8f, last2},
}

// utf8Table has a row for each byte: the state after the byte, at the shift of the state
// before it. A row does not depend on that state, so the processor can load rows ahead, and
// going from one state to the next takes one shift.
var utf8Table = func() (table [256]uint64) {
	for b := range table {
		for state := between; state <= afterF4; state += 6 {
			table[b] |= rejected << state
		}
	}
	for _, t := range wellFormed {
		for b := int(t.low); b <= int(t.high); b++ {
			table[b] ^= uint64(rejected^t.next) << t.state
		}
	}
	return table
}()

// checkBytes returns the state after p. It does the work where there is no assembly, and is the
// reference for its tests. Most texts have long runs of ASCII, which it skips 8 or 16 bytes at a
// time.
func checkBytes(state uint8, p []byte) uint8 {
	s := uint64(state)
	for len(p) >= 8 {
		if s&shiftMask == between && binary.LittleEndian.Uint64(p)&highBits == 0 {
			p = p[8:]
			for len(p) >= 16 && (binary.LittleEndian.Uint64(p)|binary.LittleEndian.Uint64(p[8:]))&highBits == 0 {
				p = p[16:]
			}
			continue
		}
		s = utf8Table[p[0]] >> (s & shiftMask)
		s = utf8Table[p[1]] >> (s & shiftMask)
		s = utf8Table[p[2]] >> (s & shiftMask)
		s = utf8Table[p[3]] >> (s & shiftMask)
		s = utf8Table[p[4]] >> (s & shiftMask)
		s = utf8Table[p[5]] >> (s & shiftMask)
		s = utf8Table[p[6]] >> (s & shiftMask)
		s = utf8Table[p[7]] >> (s & shiftMask)
		p = p[8:]
	}
	for _, b := range p {
		s = utf8Table[b] >> (s & shiftMask)
	}
	return uint8(s & shiftMask)
}
