package socket

import (
	"slices"
	"testing"
	"time"
)

func TestChooseToShed(t *testing.T) {
	now := Instant(time.Hour)
	stalled := func(name string, bytes int64, d time.Duration, going bool) holder[string] {
		return holder[string]{name, bytes, now.Add(-d), going}
	}
	all := []holder[string]{
		stalled("small and long", 4<<10, 10*time.Second, false),
		stalled("large and served", 64<<10, 10*time.Millisecond, false),
		stalled("large and stalled", 64<<10, 2*time.Second, false),
		stalled("larger, for a while", 512<<10, 200*time.Millisecond, false),
		stalled("going", 100<<10, time.Second, true),
	}
	for _, test := range []struct {
		bytes  int64
		atOnce bool
		want   []string
	}{
		{0, false, nil},
		{100 << 10, true, nil},
		{101 << 10, false, []string{"large and stalled"}},
		{165 << 10, true, []string{"large and stalled", "larger, for a while"}},
		{165 << 10, false, []string{"large and stalled", "small and long"}},
		{1 << 30, true, []string{"large and stalled", "larger, for a while", "small and long"}},
	} {
		var got []string
		for _, h := range chooseToShed(slices.Clone(all), now, test.bytes, test.atOnce) {
			got = append(got, h.conn)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("for %d bytes, at once %v: %q, want %q", test.bytes, test.atOnce, got, test.want)
		}
	}
}
