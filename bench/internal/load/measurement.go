package load

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// A measurement decides when measuring begins and ends, and reads the clocks at both times.
type measurement struct {
	target  Target
	window  Window
	fewest  int // messages needed to complete it
	started time.Time

	measuring bool
	at        time.Duration // when measuring began, since started
	server    time.Duration // the server's CPU time then
	own       time.Duration // the load's CPU time then
	messages  int           // counted since then
	latencies Histogram
}

// turns is how often each message in flight must be echoed on average, so that those in flight at
// the beginning and the end carry little weight.
const turns = 20

func newMeasurement(t Target, w Window, inFlight int) *measurement {
	return &measurement{target: t, window: w, fewest: turns * inFlight, started: time.Now()}
}

// now returns the time since the load began.
func (m *measurement) now() time.Duration { return time.Since(m.started) }

// count counts a message or handshake.
func (m *measurement) count(latency time.Duration) {
	if m.measuring {
		m.messages++
		m.latencies.Add(latency)
	}
}

// done returns the result once the measurement is complete. It must be called often.
func (m *measurement) done() (r Result, over bool, err error) {
	now := m.now()
	if !m.measuring && now < m.window.Warmup || m.measuring && now-m.at < m.window.Measured {
		return r, false, nil
	}
	if m.measuring && m.messages < m.fewest {
		if now-m.at > m.window.Measured+stallTimeout {
			return r, false, fmt.Errorf("%d messages in %v are too few; want at least %d", m.messages, now-m.at, m.fewest)
		}
		return r, false, nil
	}
	server, err := m.target.CPU()
	if err != nil {
		return r, false, err
	}
	own, err := threadCPU()
	if err != nil {
		return r, false, err
	}
	if !m.measuring {
		m.measuring, m.at, m.server, m.own = true, now, server, own
		return r, false, nil
	}
	return Result{
		Messages: m.messages, Elapsed: now - m.at,
		ServerCPU: server - m.server, LoadCPU: own - m.own,
		P50: m.latencies.Quantile(0.50), P99: m.latencies.Quantile(0.99),
	}, true, nil
}

// threadCPU returns the user and system time of the calling thread.
func threadCPU() (time.Duration, error) {
	var t unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t)
	return time.Duration(t.Nano()), err
}
