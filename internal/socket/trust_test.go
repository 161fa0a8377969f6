package socket

import (
	"math"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
)

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
		if got, _ := peer.sent(step.n, func() int32 { return step.pending }); got != step.want {
			t.Errorf("after %d more bytes, %d of all unacknowledged: %v, want %v", step.n, step.pending, got, step.want)
		}
	}
}

// TestMeasuringIsDue after 16 KiB, or after 64 KiB to a peer that has shown that it reads.
func TestMeasuringIsDue(t *testing.T) {
	all := func() int32 { return math.MaxInt32 } // is unacknowledged
	for _, test := range []struct {
		before trust
		n      int
		want   bool
		after  int32 // bytes that were sent since the last look
	}{
		{0, 16<<10 - 1, false, 0},
		{0, 16 << 10, true, 0},
		{16<<10 - 1, 0, false, 0},
		{16<<10 - 1, 1, true, 0},
		{16 << 10, 0, false, 0},
		{16 << 10, 16<<10 - 1, false, 0},
		{16 << 10, 1 << 30, true, 0},
		{1 << 20, 16 << 10, true, 0},
		{-1, 64<<10 - 1, false, 64<<10 - 1},
		{-1, 64 << 10, true, 64 << 10},
		{-64 << 10, 1, true, 64 << 10},
		{-64 << 10, 0, false, 64<<10 - 1},
		{-64<<10 - 1, 0, true, 64 << 10}, // until it is measured
		{-1 << 30, 32 << 20, true, 1<<30 - 1},
	} {
		peer := test.before
		_, due := peer.sent(test.n, all)
		if got := peer.unmeasured(); due != test.want || got != test.after {
			t.Errorf("%d more bytes at %d: due %v with %d bytes, want %v with %d", test.n, test.before, due, got, test.want, test.after)
		}
	}
}

// TestTakingStalls: a peer stalls when its TCP has acknowledged nothing for a second although
// there is something, however much more is sent meanwhile.
func TestTakingStalls(t *testing.T) {
	type look struct {
		at      time.Duration
		sent    int // since the last look
		unread  int32
		stalled bool
	}
	for name, looks := range map[string][]look{
		"takes nothing":                       {{0, 10, 10, false}, {999 * time.Millisecond, 0, 10, false}, {time.Second, 0, 10, true}},
		"takes nothing of more":               {{0, 10, 10, false}, {time.Second / 2, 10, 20, false}, {time.Second, 10, 30, true}},
		"takes a byte":                        {{0, 10, 10, false}, {time.Second, 0, 9, false}, {2 * time.Second, 0, 9, true}},
		"takes as much as is sent":            {{0, 10, 10, false}, {time.Second, 10, 10, false}, {2 * time.Second, 10, 10, false}},
		"takes all":                           {{0, 10, 10, false}, {time.Minute, 10, 0, false}, {time.Hour, 0, 0, false}},
		"is sent something after a long time": {{0, 10, 0, false}, {time.Hour, 10, 10, false}},
		"has taken what was seen last":        {{0, 10, 10, false}, {time.Hour, 100, 100, false}},
		"goes on after a stall":               {{0, 10, 10, false}, {time.Second, 0, 10, true}, {2 * time.Second, 0, 5, false}},
	} {
		t.Run(name, func(t *testing.T) {
			var p taking
			trust := trust(-1)
			for i, l := range looks {
				now := Instant(time.Hour + l.at)
				trust.sent(l.sent, nil)
				p.look(now, l.unread, &trust)
				if got := p.stalled(now); got != l.stalled {
					t.Errorf("look %d: stalled %v, want %v", i, got, l.stalled)
				}
			}
		})
	}
}

// TestTakingBegins: what was seen before is forgotten.
func TestTakingBegins(t *testing.T) {
	var p taking
	trust := trust(-1)
	p.look(Instant(time.Second), 10, &trust)
	p.begin()
	p.look(Instant(time.Hour), 1<<20, &trust)
	if p.stalled(Instant(time.Hour)) || p.since != Instant(time.Hour) {
		t.Errorf("stalled since %v", time.Duration(p.since))
	}
}

func TestFreezes(t *testing.T) {
	for level, want := range map[budget.Level][2]bool{
		budget.None:     {false, false},
		budget.ReadLess: {true, false},
		budget.Refuse:   {true, true},
		budget.Shed:     {true, true},
	} {
		if got := [2]bool{trust(0).freezes(level), trust(-1).freezes(level)}; got != want {
			t.Errorf("level %d freezes strangers and trusted peers: %v, want %v", level, got, want)
		}
	}
}
