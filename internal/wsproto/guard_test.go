//go:build unix

package wsproto

import (
	"bytes"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// guarded returns a page of memory between two that may not be touched.
func guarded(t *testing.T) []byte {
	t.Helper()
	size := os.Getpagesize()
	mem, err := unix.Mmap(-1, 0, 3*size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munmap(mem) })
	for _, guard := range [][]byte{mem[:size], mem[2*size:]} {
		if err := unix.Mprotect(guard, unix.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	return mem[size : 2*size]
}

// TestUTF8StaysInBounds checks texts that begin or end at a page that may not be read, in a
// page that may not be written.
func TestUTF8StaysInBounds(t *testing.T) {
	page := guarded(t)
	copy(page, bytes.Repeat([]byte("aя界😀"), len(page)))
	if err := unix.Mprotect(page, unix.PROT_READ); err != nil {
		t.Fatal(err)
	}
	everyUTF8Step(t, func(t *testing.T) {
		for n := range 400 {
			for _, text := range [][]byte{page[:n], page[len(page)-n:]} {
				compareUTF8(t, text)
			}
		}
		compareUTF8(t, page)
	})
}

// TestUnmaskStaysInBounds unmasks payloads that begin or end at a page that may not be
// touched.
func TestUnmaskStaysInBounds(t *testing.T) {
	page := guarded(t)
	for n := range 400 {
		for _, p := range [][]byte{page[:n], page[len(page)-n:]} {
			copy(p, bytes.Repeat([]byte{1, 2, 3, 4}, 100))
			if unmask(p, 0x04030201); !bytes.Equal(p, make([]byte, n)) {
				t.Fatalf("%d bytes are %x", n, p)
			}
		}
	}
}
