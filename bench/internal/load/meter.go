package load

import (
	"time"

	"golang.org/x/sys/unix"
)

// A meter says when the load is to be measured and to end, and reads the clocks at both
// times.
type meter struct {
	target  Target
	window  Window
	started time.Time

	measuring bool
	at        time.Duration // since started; when the measurement began
	server    time.Duration // what the clocks said then
	own       time.Duration
	messages  int // since then
	latencies Histogram
}

func newMeter(t Target, w Window) *meter {
	return &meter{target: t, window: w, started: time.Now()}
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
