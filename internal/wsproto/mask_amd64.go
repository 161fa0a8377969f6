//go:build !purego

package wsproto

// unmaskWide is unmaskWords with SSE2, which every amd64 has, 16 bytes at a time. The length
// of p is a positive multiple of [wideStep].
//
//go:noescape
func unmaskWide(p []byte, key64 uint64) (seen uint64)
