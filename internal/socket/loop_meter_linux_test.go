package socket

import (
	"testing"
	"time"
)

// TestTurnMeter: the longest turn is remembered for one to two minutes, whether the loop turns
// or waits.
func TestTurnMeter(t *testing.T) {
	var m turnMeter
	start := Instant(time.Hour)
	at := func(d time.Duration) Instant { return start.Add(d) }
	m.turned(0, at(0)) // the loop starts
	for _, step := range []struct {
		began, ended time.Duration // of a turn
		turns        uint64
		read         time.Duration // when the longest is read
		want         time.Duration
	}{
		{0, 3 * time.Millisecond, 1, time.Second, 3 * time.Millisecond},
		{time.Second, time.Second + time.Millisecond, 2, 2 * time.Second, 3 * time.Millisecond},
		{70 * time.Second, 70*time.Second + 2*time.Millisecond, 3, 71 * time.Second, 3 * time.Millisecond},
		{140 * time.Second, 140*time.Second + time.Millisecond, 4, 141 * time.Second, 2 * time.Millisecond},
		{140 * time.Second, 140*time.Second + time.Millisecond, 5, 210 * time.Second, time.Millisecond},
		{400 * time.Second, 400*time.Second + time.Microsecond, 6, 401 * time.Second, time.Microsecond},
		{400 * time.Second, 400*time.Second + time.Microsecond, 7, 600 * time.Second, 0},
	} {
		m.turned(at(step.began), at(step.ended))
		if turns, longest := m.turns.Load(), m.longestTurn(at(step.read)); turns != step.turns || longest != step.want {
			t.Errorf("at %v: %d turns, the longest %v; want %d, %v", step.read, turns, longest, step.turns, step.want)
		}
	}
}
