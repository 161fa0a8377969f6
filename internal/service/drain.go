package service

import (
	"os"
	"time"
)

// drain ends the service: not ready at once, then, after DRAIN_DELAY, no new upgrades
// and a close frame to each connection, spread over DRAIN_SPREAD. It returns when
// none is left, at DRAIN_TIMEOUT, or at the next signal. What is still open then is to be cut; report
// logs the summary after that.
func (s *Service) drain(signals <-chan os.Signal) (report func()) {
	start := s.now()
	s.draining.Store(true)
	s.log.Info("draining: not ready any more", "connections", s.live.count(),
		"delay", s.config.DrainDelay.String(), "spread", s.config.DrainSpread.String(), "timeout", s.config.DrainTimeout.String())
	sleep(s.config.DrainDelay, signals)

	begun := s.now()
	empty := s.live.beginDrain()
	s.drainBegun.Store(int64(begun))
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
		t := s.live.tally()
		s.log.Info("drained", "connections", t.total, "clean", t.clean, "cut", t.cut,
			"took", (s.now() - start).Round(time.Millisecond).String(), "because", why)
	}
}

// sleep waits for d, or for a signal.
func sleep(d time.Duration, signals <-chan os.Signal) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-signals:
	}
}

// drainTime is the moment, spread at random over DRAIN_SPREAD, at which a connection
// is told to go; 0 while there is no drain.
func (s *Service) drainTime() time.Duration {
	begun := time.Duration(s.drainBegun.Load())
	if begun == 0 {
		return 0
	}
	return begun + time.Duration(s.jitter()*float64(s.config.DrainSpread))
}
