package service

import (
	"os"
	"time"
)

// drain closes the WebSockets. /readyz fails at once. After DRAIN_DELAY new handshakes are
// refused, and each connection gets a close frame at a random moment within DRAIN_SPREAD.
// drain returns when no connection is open, when DRAIN_TIMEOUT has passed, or at the next
// signal. The caller then aborts the remaining connections and calls report, which logs
// the result.
func (s *Service) drain(signals <-chan os.Signal) (report func()) {
	start := s.now()
	s.admission.StopAdvertising()
	s.log.Info("draining: not ready any more", "connections", s.admission.Open(),
		"delay", s.config.DrainDelay.String(), "spread", s.config.DrainSpread.String(), "timeout", s.config.DrainTimeout.String())
	sleep(s.config.DrainDelay, signals)

	empty := s.admission.Drain(s.now(), s.config.DrainSpread)
	s.driver.Wake()
	timeout := time.NewTimer(s.config.DrainTimeout)
	defer timeout.Stop()
	why := "all connections are closed"
	select {
	case <-empty:
	case <-timeout.C:
		why = "DRAIN_TIMEOUT has passed"
	case <-signals:
		why = "a second signal"
	}
	return func() {
		t := s.admission.Tally()
		s.log.Info("drained", "connections", t.Total, "clean", t.Clean, "cut", t.Cut,
			"took", s.now().Sub(start).Round(time.Millisecond).String(), "because", why)
	}
}

// sleep waits until d has passed or a signal arrives.
func sleep(d time.Duration, signals <-chan os.Signal) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-signals:
	}
}
