//go:build linux

package main

import (
	"bytes"
	"compress/flate"
	"io"
	"testing"
)

// inflate decodes a message as RFC 7692 section 7.2.2 describes, and ends the stream.
func inflate(t *testing.T, message []byte) []byte {
	t.Helper()
	const end = "\x00\x00\xff\xff" + "\x01\x00\x00\xff\xff" // what was left out, and a last block
	p, err := io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(message), bytes.NewReader([]byte(end)))))
	if err != nil {
		t.Errorf("% x...: %v", message[:min(len(message), 16)], err)
	}
	return p
}

// The weapons have to be valid: a server that refuses them has no work.
func TestEmptyBlocksInflateToNothing(t *testing.T) {
	for name, blocks := range map[string][]byte{
		"fixed":   emptyFixedBlocks,
		"stored":  emptyStoredBlock,
		"dynamic": emptyDynamicBlocks(),
	} {
		if got := inflate(t, append(repeat(blocks, 1000), 0)); len(got) > 0 {
			t.Errorf("%s blocks have %d bytes", name, len(got))
		}
	}
}

func TestDeflate(t *testing.T) {
	if got := inflate(t, deflate([]byte("Hello"))); string(got) != "Hello" {
		t.Errorf("%q", got)
	}
	if got := inflate(t, zeros(1)); len(got) != 1<<20 {
		t.Errorf("%d bytes", len(got))
	}
}
