package probe

import (
	"context"
	"fmt"
	"time"
)

// The pause between attempts of Wait doubles from the first to the second of these.
const (
	minWaitPause = 50 * time.Millisecond
	maxWaitPause = time.Second
)

// Wait tries until a message comes back, at most for limit, and reports whether one has.
// progress, which must not be nil, receives a line for each attempt.
func Wait(ctx context.Context, target *Target, limit time.Duration, emit func(Check), progress func(string)) bool {
	const name = "wait"
	started := time.Now()
	waiting, cancel := context.WithDeadline(ctx, started.Add(limit))
	defer cancel()
	var last error
	for attempt, pause := 1, minWaitPause; ; attempt, pause = attempt+1, min(2*pause, maxWaitPause) {
		err := target.echoes(waiting)
		if err == nil {
			emit(ok(name, "an echo came back after %s, attempt %d", milliseconds(time.Since(started)), attempt))
			return true
		}
		if waiting.Err() == nil || last == nil { // the end of the wait is not why an attempt failed
			last = err
		}
		progress(fmt.Sprintf("waiting for %.0f s of %s: %v", time.Since(started).Seconds(), brief(limit), last))
		if !sleep(waiting, pause) {
			break
		}
	}
	if ctx.Err() != nil {
		emit(failed(name, "interrupted"))
		return false
	}
	c := failed(name, "no echo within %s: %v", brief(limit), last)
	c.explain(target.diagnoseHandshake(ctx, last))
	emit(c)
	return false
}

// echoes opens a connection and sends a message. It returns nil once the echo has arrived.
func (t *Target) echoes(ctx context.Context) error {
	s, err := t.dial(ctx, offer{})
	if err != nil {
		return err
	}
	defer s.release()
	if _, _, err := s.firstEcho(ctx, "are you there?"); err != nil {
		return fmt.Errorf("connected, but no echo: %s", describeEnd(err))
	}
	return nil
}
