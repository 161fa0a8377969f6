//go:build linux

package main

import (
	"fmt"
	"strings"
)

// criteria are the criteria for a result. A value of 0 disables one.
type criteria struct {
	maxP99Ratio float64 // p99 of the good clients under attack, to that before
	memory      int64   // of the process and of its sockets, in bytes
	minServed   float64 // share of newcomers that are served
}

// What may be left after an attack: connections that are just being closed, garbage that
// the runtime keeps for reuse, a CPU that is shared with others.
const (
	slackFiles      = 5
	slackGoroutines = 20
	slackSockets    = 1 << 20
	slackHeap       = 8 << 20
	slackCPU        = 0.25 // cores
)

// leaks lists the figures that are still above the baseline.
func (r *result) leaks() (leaks []string) {
	leak := func(what string, base, after, slack int64) {
		if after > base+slack {
			leaks = append(leaks, fmt.Sprintf("%s %d, before %d", what, after, base))
		}
	}
	leak("files", int64(r.base.files), int64(r.after.files), slackFiles)
	leak("WebSockets", int64(r.base.connections), int64(r.after.connections), 0)
	leak("goroutines", int64(r.base.goroutines), int64(r.after.goroutines), slackGoroutines)
	leak("bytes in sockets", r.base.sockets, r.after.sockets, slackSockets)
	if r.collected {
		leak("bytes of heap", r.base.heap, r.after.heap, r.base.heap/4+slackHeap)
	}
	if r.afterCPU > r.quietCPU+slackCPU {
		leaks = append(leaks, fmt.Sprintf("%.2f cores, before %.2f", r.afterCPU, r.quietCPU))
	}
	return leaks
}

// p99Ratio compares the good clients under attack with those before it.
func (r *result) p99Ratio() float64 { return r.ratio(0.99) }

func (r *result) ratio(p float64) float64 {
	before := percentile(r.fleet.roundTrips[quiet], p)
	if before == 0 {
		return 0
	}
	return float64(percentile(r.fleet.roundTrips[underAttack], p)) / float64(before)
}

// judge lists the criteria that a result does not meet, in words.
func (c criteria) judge(r *result) (failures []string) {
	fail := func(format string, args ...any) { failures = append(failures, fmt.Sprintf(format, args...)) }
	if r.err != nil {
		fail("not measured: %v", r.err)
		return failures
	}
	if r.serverErr != nil {
		fail("%v", r.serverErr)
	}
	if lost := len(r.fleet.lost); lost > 0 {
		fail("%d good clients lost, such as %v", lost, r.fleet.lost[0])
	}
	if r.gone {
		return failures // what follows would be because of it
	}
	if r.fleet.unclosed > 0 {
		fail("%d good clients without a close frame", r.fleet.unclosed)
	}
	if r.attackErr != nil {
		fail("%s", strings.ReplaceAll(r.attackErr.Error(), "\n", "; "))
	}
	if c.memory > 0 && r.peakSum > c.memory {
		fail("%s of memory", formatSize(r.peakSum))
	}
	if ratio := r.p99Ratio(); c.maxP99Ratio > 0 && ratio > c.maxP99Ratio {
		fail("p99 x %.0f", ratio)
	}
	c.judgeTally(r.health, false, "health checks", fail)
	// Close to MEMORY_LIMIT, upgrades are refused.
	c.judgeTally(r.opened, r.attack.overload || c.memory > 0, "new WebSockets", fail)
	switch {
	case r.settled >= 0:
	case r.settleErr != nil:
		fail("after the attack: %v", r.settleErr)
	default:
		fail("not back: %s", strings.Join(r.leaks(), ", "))
	}
	return failures
}

func (c criteria) judgeTally(t tally, overload bool, what string, fail func(string, ...any)) {
	served := t.served
	if overload {
		served += t.refused
	}
	if t.tried > 0 && float64(served) < c.minServed*float64(t.tried) {
		fail("%d of %d %s served: %v", t.served, t.tried, what, t.err)
	}
}
