//go:build !purego

package wsproto

// wideStepUTF8 is how many bytes a step checks, with NEON, which every arm64 has.
var wideStepUTF8 = 16

// validAfterLookback reports whether p has no error after its first [lookback] bytes. Its end
// may be within a character. Its length is at least [wideText].
func validAfterLookback(p []byte) bool { return validNEON(p, &utf8Errors) }

//go:noescape
func validNEON(p []byte, errors *[3][16]uint8) bool
