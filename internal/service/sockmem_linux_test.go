package service

import "testing"

func TestParseSockstat(t *testing.T) {
	for stat, want := range map[string]int64{
		"sockets: used 9\nTCP: inuse 5 orphan 0 tw 0 alloc 7 mem 123\nUDP: inuse 0 mem 4\n": 123,
		"TCP: inuse 5": 0,
		"TCP: mem":     0,
		"":             0,
	} {
		if got := parseSockstat([]byte(stat)); got != want {
			t.Errorf("%q has %d pages, want %d", stat, got, want)
		}
	}
}
