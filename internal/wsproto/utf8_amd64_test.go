//go:build !purego

package wsproto

import "testing"

func TestWidestStepUTF8(t *testing.T) {
	for _, test := range []struct {
		avx2, ssse3 bool
		step        int
	}{
		{true, true, 32},
		{false, true, 16},
		{false, false, 0},
	} {
		if got := widestStepUTF8(test.avx2, test.ssse3); got != test.step {
			t.Errorf("AVX2 %v, SSSE3 %v: %d bytes a step, want %d", test.avx2, test.ssse3, got, test.step)
		}
	}
}
