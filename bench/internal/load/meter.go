package load

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// A meter says when the load is to be measured and to end, and reads the clocks at both
// times.
type meter struct {
	target  Target
	window  Window
	fewest  int // messages, before which it is not over
	started time.Time

	measuring bool
	at        time.Duration // since started; when the measurement began
	server    time.Duration // what the clocks said then
	own       time.Duration
	messages  int // since then
	latencies Histogram
}

// turns is how often every message in flight has to have come back on average, so that
// those under way at the beginning and the end do not weigh.
const turns = 20

func newMeter(t Target, w Window, inFlight int) *meter {
	return &meter{target: t, window: w, fewest: turns * inFlight, started: time.Now()}
}

// now is the time since the load began.
func (m *meter) now() time.Duration { return time.Since(m.started) }

// count counts a message, or handshake, that took so long.
func (m *meter) count(latency time.Duration) {
	if m.measuring {
		m.messages++
		m.latencies.Add(latency)
	}
}

// done is to be called often. When the measurement is over it returns its result.
func (m *meter) done() (r Result, over bool, err error) {
	now := m.now()
	if !m.measuring && now < m.window.Warmup || m.measuring && now-m.at < m.window.Measured {
		return r, false, nil
	}
	if m.measuring && m.messages < m.fewest {
		if now-m.at > m.window.Measured+patience {
			return r, false, fmt.Errorf("%d messages in %v are too few, %d would be enough", m.messages, now-m.at, m.fewest)
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

// threadCPU is the user and system time of the calling thread.
func threadCPU() (time.Duration, error) {
	var t unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t)
	return time.Duration(t.Nano()), err
}
