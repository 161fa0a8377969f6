package socket

import (
	"sync/atomic"
	"time"
)

// meterWindow is the least time for which the longest turn is remembered, so that scrapes no
// further apart than this do not miss it. The most is twice as long.
const meterWindow = time.Minute

// turnMeter counts the turns of one loop and measures the longest. The loop writes to it, and
// others read it.
type turnMeter struct {
	turns   atomic.Uint64
	longest atomic.Int64 // since the window began, in nanoseconds
	before  atomic.Int64 // in the window before
	end     atomic.Int64 // of the window, an Instant; never before the first turn
}

// turned notes a turn from began to now. The first turn of a loop has no beginning.
func (m *turnMeter) turned(began, now Instant) {
	if began == 0 {
		return
	}
	m.turns.Store(m.turns.Load() + 1)
	if end := Instant(m.end.Load()); end.Reached(now) || end == 0 {
		before := m.longest.Load()
		if now.Sub(end) >= meterWindow {
			before = 0
		}
		m.before.Store(before)
		m.longest.Store(0)
		m.end.Store(int64(now.Add(meterWindow)))
	}
	if took := int64(now.Sub(began)); took > m.longest.Load() {
		m.longest.Store(took)
	}
}

// longestTurn returns the longest turn of the window and of the one before it. A loop that
// waits begins no window, so time may have passed since.
func (m *turnMeter) longestTurn(now Instant) time.Duration {
	end := Instant(m.end.Load())
	switch {
	case now < end:
		return time.Duration(max(m.longest.Load(), m.before.Load()))
	case now < end.Add(meterWindow):
		return time.Duration(m.longest.Load())
	}
	return 0
}
