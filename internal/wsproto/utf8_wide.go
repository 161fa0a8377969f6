//go:build (amd64 || arm64) && !purego

package wsproto

// Long texts are checked 16 or 32 bytes at a time with the lookup algorithm of John Keiser
// and Daniel Lemire, "Validating UTF-8 in less than one instruction per byte" (2020).
//
// Almost every error shows in two adjacent bytes: in both halves of the first and the high
// half of the second. There is a table of 16 entries for each of these three halves. An entry
// has a bit for each error that the half allows, and one instruction looks up the entries of
// all bytes of a step. A bit that is set in all three entries is an error.
//
// The exception is the third and fourth byte of a character. A continuation byte after another
// sets the bit twoContinuations. That is right if the byte two before begins a character of
// three or four bytes, or the byte three before begins one of four, and an error otherwise.
// The reverse is an error as well: a third or fourth byte that is missing.
//
// So whether a byte is wrong depends on that byte and the three before it. A step may begin
// anywhere, and steps may overlap.
const (
	tooShort         = 1 << iota // 11...... then 0....... or 11......
	tooLong                      // 0....... then 10......
	overlong3                    // e0 then 100.....
	tooLarge                     // f4 or above then 1001.... or 101.....
	surrogate                    // ed then 101.....
	overlong2                    // c0 or c1 then 10......
	overlong4                    // f0 then 1000....; so is f5 or above then 1000...., too large
	twoContinuations             // 10...... then 10......

	anyLow   = tooShort | tooLong | twoContinuations  // for each low half of the first byte
	anyTrail = tooLong | overlong2 | twoContinuations // for each continuation byte as the second
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
