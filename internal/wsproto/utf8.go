package wsproto

import "unicode/utf8"

// utf8Checker checks text that arrives in pieces (RFC 6455 section 8.1). It fails at the
// first byte that no valid text can have there. The zero value is at the beginning of a
// text.
type utf8Checker struct {
	carry [utf8.UTFMax - 1]byte // the first bytes of an incomplete character
	n     uint8                 // how many of them have arrived
}

// check checks the next bytes of the text and reports whether it can still be valid.
func (c *utf8Checker) check(p []byte) bool {
	if c.n > 0 {
		var char [utf8.UTFMax]byte
		copy(char[:], c.carry[:c.n])
		have := char[:int(c.n)+copy(char[c.n:], p)]
		if !utf8.FullRune(have) {
			c.n = uint8(copy(c.carry[:], have))
			return true
		}
		r, size := utf8.DecodeRune(have)
		if r == utf8.RuneError && size == 1 {
			return false
		}
		p = p[size-int(c.n):]
		c.n = 0
	}
	end := len(p)
	for i := 1; i <= len(c.carry) && i <= len(p); i++ {
		if last := p[len(p)-i:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				c.n = uint8(copy(c.carry[:], last))
				end -= i
			}
			break
		}
	}
	return utf8.Valid(p[:end])
}

// complete reports whether the text can end here, which is not within a character.
func (c *utf8Checker) complete() bool { return c.n == 0 }
