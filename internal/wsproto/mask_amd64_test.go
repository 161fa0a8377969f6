//go:build !purego

package wsproto

import "testing"

// TestUnmaskWithoutAVX2 repeats the tests of unmask as on a processor that has only SSE2.
func TestUnmaskWithoutAVX2(t *testing.T) {
	has := unmaskUsesAVX2
	defer func() { unmaskUsesAVX2 = has }()
	unmaskUsesAVX2 = false
	TestUnmask_Section5_3(t)
	TestUnmaskWide(t)
}
