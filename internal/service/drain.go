package service

import (
	"os"
	"time"
)

// drain closes the WebSockets. /readyz fails at once. After DRAIN_DELAY new handshakes are
// refused, and each connection gets a close frame at a random moment within DRAIN_SPREAD.
// drain returns when no connection is open, when DRAIN_TIMEOUT has passed, or shortly after
// a later signal, which ends the delay too and sends the remaining close frames at once. The
// caller then aborts the remaining connections and calls report, which logs the result. Plain
// HTTP requests may be answered until end.
func (s *Service) drain(signals <-chan os.Signal) (end time.Time, report func()) {
	w := newWaiter(signals, s.repeatWindow)
	start := s.now()
	s.admission.StopAdvertising()
	s.log.Info("draining: no longer ready", "connections", s.admission.Open(),
		"delay_ms", s.config.DrainDelay.Milliseconds(), "spread_ms", s.config.DrainSpread.Milliseconds(), "timeout_ms", s.config.DrainTimeout.Milliseconds())
	outcome := w.wait(nil, s.config.DrainDelay)

	var empty <-chan struct{}
	if outcome != signalled {
		end = time.Now().Add(s.config.DrainTimeout)
		empty = s.admission.Drain(s.now(), s.config.DrainSpread)
		s.driver.Wake()
		outcome = w.wait(empty, s.config.DrainTimeout)
	}
	why := "all connections are closed"
	switch outcome {
	case timedOut:
		why = "DRAIN_TIMEOUT has passed"
	case signalled:
		why = "a second signal"
		end = time.Now().Add(s.lastMoment)
		empty = s.admission.Drain(s.now(), 0)
		s.driver.Wake()
		w.wait(empty, s.lastMoment)
	}
	return end, func() {
		t := s.admission.Tally()
		s.log.Info("drained", "connections", t.Total, "clean", t.Clean, "cut", t.Cut,
			"duration_ms", s.now().Sub(start).Round(time.Millisecond).Milliseconds(), "because", why)
	}
}

// waiter waits for the end of each phase of a drain.
type waiter struct {
	signals     <-chan os.Signal
	window      time.Duration // how long further signals are repeats of the last one
	ignoreUntil time.Time     // earlier signals are repeats
}

// newWaiter returns a waiter for a drain whose first signal has just arrived.
func newWaiter(signals <-chan os.Signal, window time.Duration) waiter {
	return waiter{signals, window, time.Now().Add(window)}
}

// outcome is why a wait has ended.
type outcome uint8

const (
	done outcome = iota
	timedOut
	signalled
)

// wait waits until ended is closed, d has passed, or a signal arrives that is not a repeat.
func (w *waiter) wait(ended <-chan struct{}, d time.Duration) outcome {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-ended:
			return done
		case <-timer.C:
			return timedOut
		case <-w.signals:
			if now := time.Now(); now.After(w.ignoreUntil) {
				w.ignoreUntil = now.Add(w.window)
				return signalled
			}
		}
	}
}
