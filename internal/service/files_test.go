package service

import "testing"

func TestShareFiles(t *testing.T) {
	for _, test := range []struct {
		limit, loops, handshakes, requests int
		want                               files
	}{
		{0, 4, 0, 0, files{0, 0, 1024, 256}},
		{64, 0, 0, 0, files{48, 48, 8, 8}},
		{256, 2, 0, 0, files{188, 188, 32, 32}},
		{1024, 2, 0, 0, files{936, 942, 128, 42}},
		{1024, 0, 10, 20, files{940, 968, 10, 20}},
		{20000, 2, 0, 0, files{19532, 19728, 1024, 232}},
		{1 << 20, 64, 0, 0, files{1027413, 1048156, 1024, 256}},
	} {
		got := shareFiles(test.limit, test.loops, test.handshakes, test.requests)
		if got != test.want {
			t.Errorf("shareFiles(%d, %d, %d, %d) = %+v, want %+v", test.limit, test.loops, test.handshakes, test.requests, got, test.want)
		}
		if limit := test.limit; limit >= 1024 && got.sockets+got.requests+healthFiles+ownFiles+test.loops*loopFiles > limit {
			t.Errorf("%+v is more than %d", got, limit)
		}
	}
}

func TestLeastLimit(t *testing.T) {
	for _, test := range [][3]int{{0, 0, 0}, {0, 5, 5}, {5, 0, 5}, {4, 5, 4}} {
		if got := leastLimit(test[0], test[1]); got != test[2] {
			t.Errorf("leastLimit(%d, %d) = %d, want %d", test[0], test[1], got, test[2])
		}
	}
}
