//go:build linux

package main

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// wellBehaved is a result that meets every criterion.
func wellBehaved() result {
	r := result{
		base:    usage{files: 310, connections: 300, goroutines: 10, heap: 4 << 20},
		after:   usage{files: 312, connections: 300, goroutines: 12, heap: 5 << 20},
		opened:  tally{tried: 10, served: 10},
		health:  tally{tried: 20, served: 20},
		peakSum: 100 << 20, collected: true, settled: time.Second,
	}
	for p := range phases {
		r.fleet.roundTrips[p] = []time.Duration{time.Millisecond}
	}
	return r
}

func TestJudge(t *testing.T) {
	c := criteria{maxP99Ratio: 30, memory: 256 << 20, minServed: 0.9}
	for _, test := range []struct {
		name   string
		change func(r *result)
		want   string // "" is no failure
	}{
		{"nothing", func(*result) {}, ""},
		{"a lost echo", func(r *result) { r.fleet.lost = []error{errors.New("lost")} }, "1 good clients lost"},
		{"a missing close frame", func(r *result) { r.fleet.unclosed = 2 }, "2 good clients without a close frame"},
		{"a wrong answer", func(r *result) { r.attackErr = errors.New("wrong") }, "wrong"},
		{"memory", func(r *result) { r.peakSum = 257 << 20 }, "257MiB of memory"},
		{"slow", func(r *result) { r.fleet.roundTrips[underAttack][0] = 31 * time.Millisecond }, "p99 x 31"},
		{"no health", func(r *result) { r.health.served = 17 }, "17 of 20 health checks"},
		{"refused for memory", func(r *result) { r.opened = tally{tried: 10, refused: 10} }, ""},
		{"not served", func(r *result) { r.opened = tally{tried: 10, refused: 8} }, "0 of 10 new WebSockets"},
		{"refused by a limit", func(r *result) { r.opened = tally{tried: 10, refused: 10}; r.attack.overload = true }, ""},
		{"the end of the server", func(r *result) { r.serverErr = errors.New("killed") }, "killed"},
		{"no measurement", func(r *result) { r.err = errors.New("no /proc") }, "not measured"},
		{"files", func(r *result) { r.after.files = 316; r.settled = -1 }, "files 316, before 310"},
		{"WebSockets", func(r *result) { r.after.connections++; r.settled = -1 }, "WebSockets 301, before 300"},
		{"goroutines", func(r *result) { r.after.goroutines = 31; r.settled = -1 }, "goroutines 31"},
		{"sockets", func(r *result) { r.after.sockets = 2 << 20; r.settled = -1 }, "bytes in sockets"},
		{"heap", func(r *result) { r.after.heap = 14 << 20; r.settled = -1 }, "bytes of heap"},
		{"CPU", func(r *result) { r.afterCPU = 1; r.settled = -1 }, "1.00 cores"},
		{"no metrics", func(r *result) { r.settleErr = errors.New("no answer"); r.settled = -1 }, "no answer"},
	} {
		r := wellBehaved()
		test.change(&r)
		got := strings.Join(c.judge(&r), "; ")
		if got != test.want && (test.want == "" || !strings.Contains(got, test.want)) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestCriteriaCanBeSwitchedOff(t *testing.T) {
	r := wellBehaved()
	r.peakSum = 1 << 40
	r.fleet.roundTrips[underAttack][0] = time.Hour
	r.health.served = 0
	if got := (criteria{}).judge(&r); got != nil {
		t.Errorf("%q", got)
	}
}

// Without MEMORY_LIMIT there is no reason to refuse a newcomer.
func TestRefusalsWithoutALimit(t *testing.T) {
	r := wellBehaved()
	r.opened = tally{tried: 10, refused: 10}
	if got := (criteria{minServed: 0.9}).judge(&r); len(got) != 1 || !strings.HasPrefix(got[0], "0 of 10 new WebSockets") {
		t.Errorf("%q", got)
	}
}

// Without a collection the heap is what the runtime keeps, and tells nothing.
func TestHeapCountsAfterACollection(t *testing.T) {
	r := wellBehaved()
	r.after.heap, r.collected = 1<<30, false
	if got := r.leaks(); got != nil {
		t.Errorf("%q", got)
	}
}
