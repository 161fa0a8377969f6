//go:build !purego

package wsproto

import "golang.org/x/sys/cpu"

// unmaskUsesAVX2 makes unmaskWide process 32 bytes at a time instead of 16, if there are enough
// of them.
var unmaskUsesAVX2 = cpu.X86.HasAVX2

// unmaskWide is unmaskWords with AVX2, or SSE2, which every amd64 has. The length of p is a
// positive multiple of [wideStep].
//
//go:noescape
func unmaskWide(p []byte, key64 uint64) (seen uint64)
