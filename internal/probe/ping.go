package probe

import (
	"context"
	"slices"
	"time"
)

// pingCount is how many pings are sent, one after another.
const pingCount = 10

// pingData holds round-trip times, in milliseconds.
type pingData struct {
	Min    float64 `json:"min_ms"`
	Median float64 `json:"median_ms"`
	Max    float64 `json:"max_ms"`
}

// ping measures the time from ping to pong.
func (p *prober) ping(ctx context.Context) Check {
	const name = "ping"
	s, err := p.open(ctx, offer{})
	if err != nil {
		return failed(name, "%v", err)
	}
	defer s.release()
	var took []time.Duration
	for range pingCount {
		started := time.Now()
		err := s.ping(ctx)
		took = append(took, time.Since(started))
		if err != nil {
			return failed(name, "no pong: %s", describeEnd(err))
		}
	}
	slices.Sort(took)
	shortest, median, longest := took[0], percentile(took, 50), took[len(took)-1]
	c := ok(name, "answered: %d pongs, round trip min %s, median %s, max %s", pingCount, milliseconds(shortest), milliseconds(median), milliseconds(longest))
	c.Data = pingData{inMS(shortest), inMS(median), inMS(longest)}
	return c
}

// inMS returns a duration in milliseconds, for JSON.
func inMS(d time.Duration) float64 {
	return float64(d.Microseconds()) / 1000
}

// percentile returns the smallest value that percent of the values do not exceed. The values
// must be sorted, and there must be at least one.
func percentile(sorted []time.Duration, percent int) time.Duration {
	return sorted[max((percent*len(sorted)+99)/100-1, 0)]
}
