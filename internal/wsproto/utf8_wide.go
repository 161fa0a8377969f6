//go:build (amd64 || arm64) && !purego

package wsproto

// Long texts are checked 16 or 32 bytes at a time with the lookup algorithm of John Keiser
// and Daniel Lemire, "Validating UTF-8 in less than one instruction per byte" (2020).
//
// Every error but one shows in two bytes that follow each other: in the first byte, and in
// the high half of the second. Three tables of 16 entries have the errors that each half of
// the first byte and the high half of the second allow, one bit an error, and an instruction
// looks up 16 or more of them at once. A bit that all three tables have is an error.
//
// The one exception is the third or fourth byte of a character. Two continuation bytes in a
// row set the bit twoContinuations, which is an error unless the byte two before is the
// first of a character of three or more bytes, or the byte three before the first of one of
// four: the bit has to be equal to that.
//
// So whether a byte is an error depends on it and the three before it, and on nothing else.
// Steps may begin anywhere and overlap.
const (
	tooShort         = 1 << iota // 11...... then 0....... or 11......
	tooLong                      // 0....... then 10......
	overlong3                    // e0 then 100.....
	tooLarge                     // f4 then 1001.... or 101.....; f5 and above then 10......, with the next
	surrogate                    // ed then 101.....
	overlong2                    // c0 or c1 then 10......
	overlong4                    // f0 then 1000....; also f5 and above then 1000....
	twoContinuations             // 10...... then 10......

	anyLow   = tooShort | tooLong | twoContinuations // do not depend on the first byte's low half
	anyTrail = tooLong | overlong2 | twoContinuations
)

// utf8Errors has the tables: by the high half of the first byte, by its low half, and by the
// high half of the second byte.
var utf8Errors = [3][16]uint8{{
	tooLong, tooLong, tooLong, tooLong, tooLong, tooLong, tooLong, tooLong,
	twoContinuations, twoContinuations, twoContinuations, twoContinuations,
	tooShort | overlong2,
	tooShort,
	tooShort | overlong3 | surrogate,
	tooShort | tooLarge | overlong4,
}, {
	anyLow | overlong2 | overlong3 | overlong4,
	anyLow | overlong2,
	anyLow, anyLow,
	anyLow | tooLarge,
	anyLow | tooLarge | overlong4, anyLow | tooLarge | overlong4, anyLow | tooLarge | overlong4, anyLow | tooLarge | overlong4,
	anyLow | tooLarge | overlong4, anyLow | tooLarge | overlong4, anyLow | tooLarge | overlong4, anyLow | tooLarge | overlong4,
	anyLow | tooLarge | overlong4 | surrogate,
	anyLow | tooLarge | overlong4, anyLow | tooLarge | overlong4,
}, {
	tooShort, tooShort, tooShort, tooShort, tooShort, tooShort, tooShort, tooShort,
	anyTrail | overlong3 | overlong4,
	anyTrail | overlong3 | tooLarge,
	anyTrail | surrogate | tooLarge, anyTrail | surrogate | tooLarge,
	tooShort, tooShort, tooShort, tooShort,
}}

const (
	lookback = 3 // bytes before a byte that decide whether it is an error

	// wideText is the shortest text for which the steps are worth their preparation, in bytes.
	// It has room for the bytes before the first step, and for a step of any size.
	wideText = 64
)

// checkWide checks p if it is long enough for assembly and the processor can run it. It
// returns the part of p that is still to be checked.
func (c *utf8Checker) checkWide(p []byte) (rest []byte) {
	if wideStepUTF8 == 0 || len(p) < wideText {
		return p
	}
	c.state = checkBytes(c.state, p[:lookback])
	if c.state == rejected || !validAfterLookback(p) {
		c.state = rejected
		return nil
	}
	// What p leaves open depends on the last character that begins in its last bytes.
	c.state = between
	rest = p[len(p)-lookback:]
	for len(rest) > 0 && rest[0]&0xc0 == 0x80 {
		rest = rest[1:]
	}
	return rest
}
