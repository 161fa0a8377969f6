//go:build (amd64 || arm64) && !purego

package wsproto

import "testing"

// everyUTF8Step runs a test with each step that the processor has, and without one.
func everyUTF8Step(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	widest := wideStepUTF8
	defer func() {
		if t.Failed() {
			t.Logf("at %d bytes a step", wideStepUTF8)
		}
		wideStepUTF8 = widest
	}()
	for _, wideStepUTF8 = range []int{0, 16, 32} {
		if wideStepUTF8 <= widest {
			test(t)
		}
	}
}
