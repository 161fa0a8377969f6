//go:build !purego

package wsproto

// unmaskWide is unmaskWords, 16 bytes at a time: with SSE2, which every amd64 has. The length
// of p is a multiple of [wideStep] and not 0.
//
//go:noescape
func unmaskWide(p []byte, key64 uint64) (seen uint64)
