package socket

import "testing"

func TestTrustComesWithAcknowledgedBytes(t *testing.T) {
	var peer trust
	for _, step := range []struct {
		n      int
		unsent int32
		want   bool
	}{
		{128 << 10, 0, false},
		{160 << 10, 64 << 10, false}, // 224 KiB were acknowledged
		{1 << 10, 30 << 10, true},
		{64 << 10, 0, false}, // once
	} {
		if got := peer.received(step.n, func() int32 { return step.unsent }); got != step.want {
			t.Errorf("after %d more bytes, %d of them unsent: %v, want %v", step.n, step.unsent, got, step.want)
		}
	}
}
