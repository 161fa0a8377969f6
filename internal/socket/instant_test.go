package socket

import (
	"testing"
	"time"
)

func TestInstantArithmetic(t *testing.T) {
	start := Instant(time.Hour)
	if got := start.Add(time.Second).Sub(start); got != time.Second {
		t.Errorf("an instant a second later is %v later", got)
	}
}

func TestInstantReached(t *testing.T) {
	const never Instant = 0
	for _, test := range []struct {
		at, now Instant
		want    bool
	}{
		{never, 1, false},
		{2, 1, false},
		{2, 2, true},
		{2, 3, true},
	} {
		if got := test.at.Reached(test.now); got != test.want {
			t.Errorf("at %d, Instant(%d).Reached is %v", test.now, test.at, got)
		}
	}
}

func TestEarliest(t *testing.T) {
	for _, test := range []struct {
		times []Instant
		want  Instant
	}{
		{nil, 0},
		{[]Instant{0, 0}, 0},
		{[]Instant{0, 3, 0}, 3},
		{[]Instant{3, 2, 5}, 2},
		{[]Instant{2, 3}, 2},
	} {
		if got := Earliest(test.times...); got != test.want {
			t.Errorf("Earliest(%v) = %d, want %d", test.times, got, test.want)
		}
	}
	a, b, c := Instant(3), Instant(0), Instant(5)
	if n := testing.AllocsPerRun(100, func() { a = Earliest(a, b, c) }); n != 0 {
		t.Errorf("Earliest allocates %v times", n)
	}
}
