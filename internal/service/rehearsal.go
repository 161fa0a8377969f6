package service

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsconn"
)

// rehearsals are drains that an operator starts and ends. They have the same times as the
// drain after a signal, but the process does not exit, and connections that are left after
// DRAIN_TIMEOUT are only counted.
type rehearsals struct {
	admission              *wsconn.Admission
	driver                 driver
	now                    func() socket.Instant
	delay, spread, timeout time.Duration
	log                    *slog.Logger
	ctx                    context.Context // done when the process begins to end
	running                *sync.WaitGroup

	mu     sync.Mutex
	cancel context.CancelFunc // of the present rehearsal
}

// start starts a rehearsal. It reports whether it could.
func (r *rehearsals) start() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.admission.StartRehearsal() {
		return false
	}
	ctx, cancel := context.WithCancel(r.ctx)
	r.cancel = cancel
	r.running.Go(func() {
		defer cancel()
		r.run(ctx)
	})
	return true
}

// takeBack ends the rehearsal. It reports whether there was one to end.
func (r *rehearsals) takeBack() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.admission.EndRehearsal() {
		return false
	}
	r.cancel()
	return true
}

// run drains until ctx is done.
func (r *rehearsals) run(ctx context.Context) {
	start := r.now()
	r.log.Info("rehearsing a drain: no longer ready", "connections", r.admission.Open(),
		"delay_ms", r.delay.Milliseconds(), "spread_ms", r.spread.Milliseconds(), "timeout_ms", r.timeout.Milliseconds())
	wait(ctx, nil, r.delay)
	empty, ok := r.beginDrain(ctx)
	if ok {
		r.driver.Wake()
		wait(ctx, empty, r.timeout)
	}
	because := "all connections are closed"
	tally := r.admission.Tally()
	switch {
	case r.ctx.Err() != nil:
		because = "the process ends"
	case ctx.Err() != nil:
		because = "the rehearsal was ended"
	case tally.Clean+tally.Cut < tally.Total:
		because = "DRAIN_TIMEOUT has passed"
	}
	if !ok {
		tally = wsconn.Tally{}
	}
	r.log.Info("rehearsed a drain", "connections", tally.Total, "clean", tally.Clean, "cut", tally.Cut,
		"left", tally.Total-tally.Clean-tally.Cut, "duration_ms", r.now().Sub(start).Round(time.Millisecond).Milliseconds(), "because", because)
}

// beginDrain begins the drain of the rehearsal of ctx. It returns false if that has ended: the
// rehearsal that admission has may be the next one, whose delay has only begun.
func (r *rehearsals) beginDrain(ctx context.Context) (empty <-chan struct{}, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx.Err() != nil {
		return nil, false
	}
	return r.admission.RehearseDrain(r.now(), r.spread)
}

// wait waits until ended is closed, d has passed, or ctx is done.
func wait(ctx context.Context, ended <-chan struct{}, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	select {
	case <-ctx.Done():
	case <-ended:
	}
}
