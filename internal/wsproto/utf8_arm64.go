//go:build !purego

package wsproto

// wideStepUTF8 is how many bytes a step checks, with NEON, which every arm64 has.
var wideStepUTF8 = 16

// validAfterLookback reports whether p has no error after its first [lookback] bytes. Its end
// may be within a character. Its length is at least [wideText].
//
//go:noescape
func validAfterLookback(p []byte) bool
