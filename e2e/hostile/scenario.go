//go:build linux

package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"syscall"
	"time"
)

// A scenario is how attacks are run.
type scenario struct {
	launch
	clients  int
	short    bool
	scale    float64       // of the full size
	quiet    time.Duration // before the attack
	duration time.Duration // of the attack, after its peers are connected
	settle   time.Duration // at most, after the attack
}

const (
	// maxSetup bounds the time in which the hostile peers connect.
	maxSetup = 30 * time.Second

	// maxUnwind bounds the time in which an attack returns after its end.
	maxUnwind = 30 * time.Second

	// minSettle is long enough to see whether the server still uses the CPU.
	minSettle    = 500 * time.Millisecond
	settleSample = 250 * time.Millisecond
)

// A result is what was measured of an attack.
type result struct {
	attack  attack
	driver  string
	peers   int   // or workers, of the attack
	tried   int64 // connections of hostile peers
	refused int64

	fleet  fleetReport
	opened tally
	health tally
	floor  [phases][]time.Duration

	base, after usage
	peak        usage
	peakSum     int64
	quietCPU    float64 // in cores
	attackCPU   float64
	afterCPU    float64
	collected   bool          // the heap was measured after a collection
	settled     time.Duration // after the attack; negative if it never was

	settleErr error // /metrics did not answer after the attack

	attackErr error // a wrong answer to a hostile peer
	serverErr error // how the server ended, if not well
	gone      bool  // it ended before the drain
	err       error // the harness could not measure
}

// size returns the number of hostile peers.
func (sc *scenario) size(a attack) int {
	if sc.short {
		return a.short
	}
	return max(1, int(float64(a.full)*sc.scale))
}

// run runs an attack on its own server.
func (sc *scenario) run(ctx context.Context, a attack, d driver) (r result) {
	r = result{attack: a, driver: d.name, peers: sc.size(a)}
	l := sc.launch
	l.driver, l.env, l.files = d, a.env, a.files
	server, err := l.start()
	if err != nil {
		r.err = err
		return r
	}
	defer context.AfterFunc(ctx, func() { server.kill("interrupted") })()
	defer func() {
		// After an error of the harness: a server that was drained has ended.
		if server.alive() {
			server.kill("the run ended early")
		}
		r.serverErr = cmp.Or(r.serverErr, server.wait())
	}()
	monitor, err := newMonitor(server, sc.kill)
	if err != nil {
		r.err = err
		return r
	}
	fleet, err := newFleet(ctx, &server.target, sc.clients)
	if err != nil {
		r.err = fmt.Errorf("the good clients: %w", err)
		return r
	}
	defer fleet.abort()

	if r.err = sc.phases(ctx, &r, server, monitor, fleet); r.err != nil && server.alive() {
		return r
	}
	r.peak, r.peakSum, _ = monitor.peaks()
	r.gone = !server.alive()
	fleet.rest()
	server.command.Process.Signal(syscall.SIGTERM)
	r.fleet = fleet.report()
	r.serverErr = server.wait()
	if r.serverErr != nil {
		r.err = nil // a server that is gone cannot be measured
	}
	return r
}

// phases runs the phases before the drain.
func (sc *scenario) phases(ctx context.Context, r *result, server *server, monitor *monitor, fleet *fleet) error {
	start, err := monitor.sample()
	if err != nil {
		return err
	}
	floor, err := startFloor(ctx)
	if err != nil {
		return err
	}
	if err := sleep(ctx, sc.quiet); err != nil {
		return err
	}
	r.floor[quiet] = floor.end()
	if r.base, _, err = monitor.inspect(ctx, true); err != nil {
		return err
	}
	r.quietCPU = cores(start, r.base)

	fleet.enter(underAttack)
	if err := sc.besiege(ctx, r, server); err != nil {
		return err
	}
	end, err := monitor.sample()
	if err != nil {
		return err
	}
	r.attackCPU = cores(r.base, end)

	fleet.enter(settling)
	return sc.settleDown(ctx, r, monitor)
}

// length returns how long an attack lasts. If it takes all files, that is long enough for a
// health check to fail, and for others to be answered on a machine that stands still for a while.
func (sc *scenario) length(a attack) time.Duration {
	if a.files > 0 {
		return max(sc.duration, a.least, 5*healthTimeout)
	}
	return max(sc.duration, a.least)
}

// besiege runs the attack, with newcomers at the same time.
func (sc *scenario) besiege(ctx context.Context, r *result, server *server) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	floor, err := startFloor(ctx)
	if err != nil {
		return err
	}
	newcomers := &newcomers{target: &server.target}
	newcomers.start(ctx)

	ready := make(chan struct{})
	s := newSiege(ctx, &server.target, func() { close(ready) })
	returned := make(chan error, 1)
	go func() { returned <- r.attack.run(s, r.peers) }()
	select {
	case <-ready:
	case <-time.After(maxSetup):
	case <-server.ended:
	case <-ctx.Done():
	}
	select {
	case <-time.After(sc.length(r.attack)):
	case <-server.ended:
	case <-ctx.Done():
	}
	cancel()
	select {
	case r.attackErr = <-returned:
	case <-time.After(maxUnwind):
		return fmt.Errorf("the attack did not return within %v after its end", maxUnwind)
	}
	newcomers.wait()
	r.tried, r.refused = s.tried.Load(), s.refused.Load()
	r.opened, r.health, r.floor[underAttack] = newcomers.opened, newcomers.health, floor.end()
	return nil
}

// settleDown waits until the server's figures are back at the baseline.
func (sc *scenario) settleDown(ctx context.Context, r *result, monitor *monitor) error {
	start := time.Now()
	last, err := monitor.sample()
	if err != nil {
		return err
	}
	r.settled = -1
	for time.Since(start) < sc.settle {
		if err := sleep(ctx, settleSample); err != nil {
			return err
		}
		r.after, r.collected, r.settleErr = monitor.inspect(ctx, true)
		if r.settleErr != nil {
			r.settled = -1
			if !monitor.server.alive() {
				return nil
			}
			continue
		}
		r.afterCPU = cores(last, r.after)
		last = r.after
		passed := time.Since(start)
		switch {
		case len(r.leaks()) > 0:
			r.settled = -1
		case r.settled < 0:
			r.settled = passed
		case passed > minSettle:
			return nil
		}
	}
	return nil
}

// cores returns how many cores were busy between two samples.
func cores(from, to usage) float64 {
	return (to.cpu - from.cpu).Seconds() / max(to.at.Sub(from.at).Seconds(), 1e-3)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// percentile returns the value that the share p of all samples does not exceed.
func percentile(samples []time.Duration, p float64) time.Duration {
	if len(samples) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(samples))
	return sorted[min(len(sorted)-1, int(float64(len(sorted))*p))]
}
