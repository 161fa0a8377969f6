//go:build linux

package main

import (
	"testing"
	"time"
)

func TestSizes(t *testing.T) {
	for text, bytes := range map[string]int64{"0": 0, "0B": 0, "100B": 100, "64KiB": 64 << 10, "256MiB": 256 << 20, "2GiB": 2 << 30} {
		var s size
		if err := s.Set(text); err != nil || int64(s) != bytes {
			t.Errorf("%s: %d, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "1", "-1B", "MiB", "1.5GiB", "9223372036854775807KiB"} {
		var s size
		if err := s.Set(text); err == nil {
			t.Errorf("%q: %d", text, s)
		}
	}
	for bytes, text := range map[int64]string{0: "0B", 5: "5B", 2 << 30: "2GiB", 1536 << 20: "1536MiB", 300<<20 + 1: "300MiB"} {
		if got := formatSize(bytes); got != text {
			t.Errorf("%d: %s, want %s", bytes, got, text)
		}
	}
}

func TestPercentile(t *testing.T) {
	var samples []time.Duration
	for i := range 100 {
		samples = append(samples, time.Duration(100-i))
	}
	for p, want := range map[float64]time.Duration{0.5: 51, 0.99: 100, 1: 100} {
		if got := percentile(samples, p); got != want {
			t.Errorf("%v: %d, want %d", p, got, want)
		}
	}
	if got := percentile(nil, 0.5); got != 0 {
		t.Errorf("of nothing: %d", got)
	}
}
