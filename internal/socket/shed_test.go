package socket

import (
	"slices"
	"testing"
	"time"
)

func TestChooseToShed(t *testing.T) {
	now := Instant(time.Hour)
	stalled := func(name string, bytes int64, d time.Duration, asked bool) holder[string] {
		return holder[string]{name, bytes, now.Add(-d), false, asked}
	}
	all := []holder[string]{
		{"idle", 1 << 20, 0, true, false},
		stalled("small and long", 4<<10, 10*time.Second, false),
		stalled("large and served", 64<<10, 10*time.Millisecond, false),
		stalled("large and stalled", 64<<10, 2*time.Second, false),
		stalled("larger, for a while", 512<<10, 200*time.Millisecond, false),
		stalled("going", 100<<10, time.Second, true),
	}
	for _, test := range []struct {
		bytes   int64
		urgency Urgency
		want    []string
		fresh   int
	}{
		{0, ShedStalled, nil, 0},
		{100 << 10, ShedStalled, nil, 0},
		{101 << 10, ShedStalled, []string{"large and stalled"}, 1},
		{165 << 10, ShedAtOnce, []string{"large and stalled", "larger, for a while"}, 2},
		{165 << 10, ShedStalled, []string{"large and stalled", "small and long"}, 2},
		{1 << 30, ShedStalled, []string{"large and stalled", "small and long", "idle"}, 3},
		{1 << 30, ShedLongStalled, []string{"small and long"}, 1},
		{100 << 10, ShedLongStalled, nil, 0},
		{1 << 30, ShedAtOnce, []string{"large and stalled", "larger, for a while", "going", "small and long", "large and served", "idle"}, 5},
	} {
		var got []string
		chosen, fresh := chooseToShed(slices.Clone(all), now, test.bytes, test.urgency)
		for _, h := range chosen {
			got = append(got, h.conn)
		}
		if !slices.Equal(got, test.want) || fresh != test.fresh {
			t.Errorf("for %d bytes, urgency %v: %q, %d of them for the first time, want %q, %d", test.bytes, test.urgency, got, fresh, test.want, test.fresh)
		}
	}
}

func TestHoards(t *testing.T) {
	const much, little = 100 << 10, 2 * smallBuffer
	for _, test := range []struct {
		kernel int64
		trust  trust
		want   bool
	}{
		{much, 0, true},
		{much, shownBytes - 1, true},
		{much, -1, false}, // it has shown that it reads
		{little, 0, false},
	} {
		if got := hoards(test.kernel, test.trust); got != test.want {
			t.Errorf("with %d bytes and trust %d: %v, want %v", test.kernel, test.trust, got, test.want)
		}
	}
	if !taken(much, little) || taken(much, much-1) || taken(little, 0) {
		t.Error("taken is wrong: a peer has taken what piled up once little is left of much")
	}
}
