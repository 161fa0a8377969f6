package socket

import "testing"

func TestTrustComesWithAcknowledgedBytes(t *testing.T) {
	var peer trust
	for _, step := range []struct {
		n       int
		pending int32
		want    bool
	}{
		{128 << 10, 0, false},
		{0, 0, false},
		{160 << 10, 64 << 10, false}, // 224 KiB were acknowledged
		{1 << 10, 30 << 10, true},
		{64 << 10, 0, false}, // once
	} {
		if got := peer.sent(step.n, func() int32 { return step.pending }); got != step.want {
			t.Errorf("after %d more bytes, %d of all unacknowledged: %v, want %v", step.n, step.pending, got, step.want)
		}
	}
}
