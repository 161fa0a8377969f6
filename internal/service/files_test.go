package service

import "testing"

func TestShareFiles(t *testing.T) {
	for _, test := range []struct {
		limit, loops, handshakes, requests int
		want                               files
	}{
		{0, 4, 0, 0, files{0, 0, 1024, 256, 16}},
		{0, 4, 0, 20, files{0, 0, 1024, 20, 16}},
		{64, 0, 0, 0, files{40, 42, 8, 1, 1}},
		{64, 2, 0, 0, files{34, 36, 8, 1, 1}},
		{256, 2, 0, 0, files{205, 219, 32, 7, 4}},
		{1024, 2, 0, 0, files{905, 966, 128, 16, 16}},
		{1024, 0, 10, 20, files{907, 968, 10, 20, 16}},
		{1024, 2, 0, 5000, files{1, 1, 128, 981, 16}},
		{20000, 2, 0, 0, files{19488, 19752, 1024, 206, 16}},
		{1 << 20, 64, 0, 0, files{1037543, 1048092, 1024, 256, 16}},
	} {
		got := shareFiles(test.limit, test.loops, test.handshakes, test.requests)
		if got != test.want {
			t.Errorf("shareFiles(%d, %d, %d, %d) = %+v, want %+v", test.limit, test.loops, test.handshakes, test.requests, got, test.want)
		}
	}
}

// TestFilesAreNotSharedTwice: all shares together are within the limit, whatever the settings
// are.
func TestFilesAreNotSharedTwice(t *testing.T) {
	for limit := 64; limit <= 20000; limit++ {
		for _, loops := range []int{0, 1, loopCount(4, 0, limit), loopCount(256, 0, limit)} {
			for _, requests := range []int{0, 1, 100, 1 << 20} {
				f := shareFiles(limit, loops, 0, requests)
				sum := ownFiles + loops*loopFiles + f.health + f.sockets + f.requests
				if sum > limit || f.connections > f.sockets || f.connections < 1 || f.requests < 1 || f.handshakes < 1 {
					t.Fatalf("shareFiles(%d, %d, 0, %d) = %+v, %d in all", limit, loops, requests, f, sum)
				}
			}
		}
	}
}

func TestLimitConnections(t *testing.T) {
	const byFiles, byMemory = "its limit on open files", "its MEMORY_LIMIT"
	for _, test := range []struct {
		files, setting, memory, want int
		by                           string
	}{
		{0, 0, 0, 0, ""},
		{936, 0, 0, 936, byFiles},
		{936, 0, 500, 500, byMemory},
		{936, 0, 5000, 936, byFiles},
		{0, 0, 500, 500, byMemory},
		{936, 936, 500, 936, ""}, // a setting is about connections, and MEMORY_LIMIT about what they hold
		{936, 937, 0, 936, byFiles},
		{936, 1 << 30, 500, 936, byFiles},
		{0, 1 << 30, 500, 1 << 30, ""},
	} {
		got, by := files{connections: test.files}.limitConnections(test.setting, test.memory)
		if got != test.want || by != test.by {
			t.Errorf("MAX_CONNECTIONS=%d with files for %d and memory for %d: %d by %q, want %d by %q",
				test.setting, test.files, test.memory, got, by, test.want, test.by)
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
