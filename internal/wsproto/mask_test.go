package wsproto

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
)

// maskBytewise is the algorithm of section 5.3: octet i is XORed with octet i modulo 4 of the
// key.
func maskBytewise(p []byte, key [4]byte) {
	for i := range p {
		p[i] ^= key[i%4]
	}
}

// TestUnmask_Section5_3 compares unmask with maskBytewise, for lengths up to several steps of
// each loop, at every alignment, with a byte beyond ASCII at every position or none.
func TestUnmask_Section5_3(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for length := range 5*wideStep + 200 {
		if length > 100 && (raceEnabled || length%wideStep > 9) && length%wideStep < wideStep-2 {
			continue
		}
		for beyond := -1; beyond < length; beyond++ {
			key := [4]byte{byte(random.Uint32()), byte(random.Uint32()), byte(random.Uint32()), byte(random.Uint32())}
			mem := bytes.Repeat([]byte{0xa5}, length+32)
			p := mem[8+length%8:][:length]
			want := make([]byte, length)
			for i := range want {
				want[i] = byte(random.Uint32()) & 0x7f
			}
			if beyond >= 0 {
				want[beyond] |= 0x80
			}
			copy(p, want)
			maskBytewise(p, key)
			next, seen := unmask(p, uint32(key[0])|uint32(key[1])<<8|uint32(key[2])<<16|uint32(key[3])<<24)
			if !bytes.Equal(p, want) || seen != (beyond >= 0) {
				t.Fatalf("%d bytes, byte %d beyond ASCII: found %v, unmasked %v", length, beyond, seen, bytes.Equal(p, want))
			}
			for i := range 4 {
				if byte(next>>(8*i)) != key[(length+i)%4] {
					t.Fatalf("%d bytes: the next key is %08x", length, next)
				}
			}
			if bytes.Count(mem[:8+length%8], []byte{0xa5}) != 8+length%8 || bytes.Count(mem[8+length%8+length:], []byte{0xa5}) != 24-length%8 {
				t.Fatalf("%d bytes: the bytes around them have changed", length)
			}
		}
	}
}

// TestUnmaskWide compares the assembly, where there is one, with its reference in Go, at every
// alignment.
func TestUnmaskWide(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	for length := wideStep; length <= 10*wideStep; length += wideStep {
		for offset := range 2 * wideStep {
			mem := make([]byte, offset+length+17)
			for i := range mem {
				mem[i] = byte(random.Uint32())
			}
			twin, key64 := bytes.Clone(mem), random.Uint64()
			seen, want := unmaskWide(mem[offset:][:length], key64), unmaskWords(twin[offset:][:length], key64)
			if seen != want || !bytes.Equal(mem, twin) {
				t.Fatalf("%d bytes at %d: %x, want %x; unmasked %v", length, offset, seen, want, bytes.Equal(mem, twin))
			}
		}
	}
}

// BenchmarkUnmask unmasks payloads that begin on a cache line, as in a read that has no header, and
// after the longest header.
func BenchmarkUnmask(b *testing.B) {
	for _, size := range []int{64, 1 << 10, 16 << 10, 512 << 10} {
		for _, header := range []int{0, maxClientHeader} {
			b.Run(fmt.Sprintf("%s/header=%d", sizeName(size), header), func(b *testing.B) {
				p := make([]byte, header+size)[header:]
				b.SetBytes(int64(size))
				for b.Loop() {
					unmask(p, 0x12345678)
				}
			})
		}
	}
}

func sizeName(size int) string {
	if size < 1<<10 {
		return strconv.Itoa(size)
	}
	return strconv.Itoa(size>>10) + "Ki"
}
