//go:build linux

package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestStatusBytes(t *testing.T) {
	status := []byte("Name:\techosvc\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n")
	if got := statusBytes(status, "VmRSS:"); got != 1<<20 {
		t.Errorf("VmRSS is %d", got)
	}
	if got := statusBytes(status, "VmSwap:"); got != 0 {
		t.Errorf("a field that is not there is %d", got)
	}
}

// proc(5): the name may have spaces and parentheses.
func TestCPUTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stat")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 12 30 0 0 20 0 9 0 1 1 1")
	if got, err := cpuTime(path); got != 420*time.Millisecond || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	write("7 (a) S 1")
	if got, err := cpuTime(path); err == nil {
		t.Errorf("of a short line: %v", got)
	}
}

func TestMetric(t *testing.T) {
	text := []byte("# HELP a\na_total 5\na{b=\"c\"} 7\na 2.5e+06\n")
	if got := metric(text, "a"); got != 2.5e6 {
		t.Errorf("%v", got)
	}
	if got := metric(text, "b"); got != 0 {
		t.Errorf("a metric that is not there is %v", got)
	}
}
