package probe

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func (p *peer) load(t *testing.T, plan Plan) (Check, loadData) {
	t.Helper()
	checks := p.run(t, func(ctx context.Context, target *Target, emit func(Check)) {
		Load(ctx, target, plan, emit, func(string) {})
	})
	data, _ := checks["load"].Data.(loadData)
	return checks["load"], data
}

func TestLoadMeasuresLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, data := (&peer{delay: 10 * time.Millisecond}).load(t, Plan{Messages: 100, Conns: 4, Size: 64})
		if c.Verdict != OK || data.Messages != 100 || data.P50 != 10 || data.Max != 10 || data.Seconds != 0.25 || data.PerSecond != 400 {
			t.Errorf("figures %+v", c)
		}
	})
}

// With a rate, latency counts from when a message was due. Ten are due each second, and four are
// echoed. The last is due at 1.9 s, and its echo arrives at 5 s.
func TestLatencyCountsFromWhenAMessageWasDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, data := (&peer{delay: 250 * time.Millisecond}).load(t, Plan{Messages: 20, Conns: 1, Rate: 10, Size: 4})
		if data.Min != 250 || data.Max != 3100 {
			t.Errorf("latencies %+v", data)
		}
	})
}

func TestRateIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, data := (&peer{delay: time.Millisecond}).load(t, Plan{Messages: 31, Conns: 3, Rate: 10, Size: 0})
		if data.Seconds != 3.001 || data.Max != 1 {
			t.Errorf("latencies %+v", data)
		}
	})
}

func TestLoadFails(t *testing.T) {
	tests := map[string]struct {
		peer *peer
		want string
	}{
		"unreachable": {&peer{refuse: status(503, "full")}, "opened 0 of 2 connections: answered with 503"},
		"garbled": {&peer{quirk: func(f frame) []frame {
			if f.opcode == 2 && f.payload[7] == 5 {
				f.payload[9] ^= 1
			}
			return []frame{f}
		}}, "failed connections: 1; the first error: changed: byte 9 of 64"},
		"closed": {&peer{delay: time.Second, sendAway: 2500 * time.Millisecond}, "failed connections: 2; the first error: closed with 1001"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, _ := test.peer.load(t, Plan{Messages: 10, Conns: 2, Size: 64})
				if c.Verdict != Failed || !strings.Contains(c.Detail, test.want) {
					t.Errorf("%s %q, want %q", c.Verdict, c.Detail, test.want)
				}
			})
		})
	}
}

func TestLoadInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := (&peer{}).serve(t)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var c Check
		steps := 0
		Load(ctx, target, Plan{Messages: 1000, Conns: 2, Rate: 1, Size: 8}, func(got Check) { c = got }, func(string) { steps++ })
		if c.Verdict != Failed || !strings.Contains(c.Detail, "interrupted") || steps < 9 {
			t.Errorf("check %+v, %d progress lines", c, steps)
		}
	})
}

func TestPlanIsBounded(t *testing.T) {
	for _, test := range []struct {
		plan Plan
		want string
	}{
		{Plan{1000, 1, 0, 64}, ""}, {Plan{1, 1, 0.5, 0}, ""},
		{Plan{0, 1, 0, 64}, "-n 0 must be from 1 to 1000000"}, {Plan{1, 1001, 0, 64}, "-conns 1001 must be from 1 to 1000"},
		{Plan{1, 1, -1, 64}, "-rate -1 must be from 0.01"}, {Plan{1, 1, 0, 1<<20 + 1}, "-size 1048577 must be from 0 to 1048576"},
	} {
		err := test.plan.Check()
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v, want %q", test.plan, err, test.want)
		}
	}
}

func TestPercentile(t *testing.T) {
	sorted := make([]time.Duration, 200)
	for i := range sorted {
		sorted[i] = time.Duration(i + 1)
	}
	for p, want := range map[int]time.Duration{0: 1, 50: 100, 95: 190, 99: 198, 100: 200} {
		if got := percentile(sorted, p); got != want {
			t.Errorf("p%v is %v, want %v", p, got, want)
		}
	}
	if got := percentile(sorted[:1], 99); got != 1 {
		t.Errorf("p99 of one is %v", got)
	}
}
