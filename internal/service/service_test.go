package service

import "testing"

func TestConnectionsForFiles(t *testing.T) {
	for limit, want := range map[int]int{0: 0, 64: 48, 256: 192, 1024: 940, 20000: 19536} {
		if got := connectionsForFiles(limit); got != want {
			t.Errorf("connectionsForFiles(%d) = %d, want %d", limit, got, want)
		}
	}
}
