//go:build !purego

package wsproto

import "golang.org/x/sys/cpu"

// wideStepUTF8 is how many bytes a step checks.
var wideStepUTF8 = widestStepUTF8(cpu.X86.HasAVX2, cpu.X86.HasSSSE3)

// widestStepUTF8 returns the widest step of a processor with or without these extensions, or 0
// if it can run none.
func widestStepUTF8(avx2, ssse3 bool) int {
	switch {
	case avx2:
		return 32
	case ssse3:
		return 16
	}
	return 0
}

// validAfterLookback reports whether p has no error after its first [lookback] bytes. Its end
// may be within a character. Its length is at least [wideText].
func validAfterLookback(p []byte) bool {
	if wideStepUTF8 == 32 {
		return validAVX2(p, &utf8Errors)
	}
	return validSSSE3(p, &utf8Errors)
}

//go:noescape
func validAVX2(p []byte, errors *[3][16]uint8) bool

//go:noescape
func validSSSE3(p []byte, errors *[3][16]uint8) bool
