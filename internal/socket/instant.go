package socket

import "time"

// Instant is a moment on a driver's clock, in nanoseconds since about the driver's
// start. The clock never goes back. The zero Instant is never.
type Instant int64

// Add returns the instant d after t. t must be set.
func (t Instant) Add(d time.Duration) Instant { return t + Instant(d) }

// Sub returns the time from u to t. Both must be set.
func (t Instant) Sub(u Instant) time.Duration { return time.Duration(t - u) }

// Reached reports whether t is set and not after now.
func (t Instant) Reached(now Instant) bool { return t != 0 && t <= now }

// Earliest returns the earliest of the instants that are set, or never.
func Earliest(times ...Instant) Instant {
	var first Instant
	for _, t := range times {
		if t != 0 && (first == 0 || t < first) {
			first = t
		}
	}
	return first
}
