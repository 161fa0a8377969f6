package load

import (
	"math"
	"math/bits"
	"time"
)

// A Histogram counts durations with an error of at most 1/64, without allocating.
type Histogram struct {
	counts [64 * 59]uint64
	total  uint64
}

// Add counts a duration.
func (h *Histogram) Add(d time.Duration) {
	h.counts[bucket(max(d, 0))]++
	h.total++
}

// bucket returns the number of a duration's range: 1 ns wide below 64 ns, then 64 ranges for each
// power of two.
func bucket(d time.Duration) int {
	shift := max(bits.Len64(uint64(d))-7, 0)
	return shift<<6 + int(d>>shift)
}

// Quantile returns the duration that the share q of all durations does not exceed.
func (h *Histogram) Quantile(q float64) time.Duration {
	rank := max(uint64(math.Ceil(q*float64(h.total))), 1)
	seen := uint64(0)
	for b, n := range h.counts {
		if seen += n; seen >= rank {
			shift := max(b>>6-1, 0)
			return time.Duration(b-shift<<6+1)<<shift - 1 // the end of the range
		}
	}
	return 0
}
