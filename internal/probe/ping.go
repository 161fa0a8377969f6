package probe

import (
	"context"
	"slices"
	"time"
)

// pingCount is how many pings are sent, one after the other.
const pingCount = 10

// pingData are the round trips of pings, in milliseconds.
type pingData struct {
	Min    float64 `json:"min_ms"`
	Median float64 `json:"median_ms"`
	Max    float64 `json:"max_ms"`
}

// ping measures the time from ping to pong.
func (p *prober) ping(ctx context.Context) {
	const name = "ping"
	s, err := p.open(ctx, offer{})
	if err != nil {
		p.emit(failed(name, "%v", err))
		return
	}
	defer s.release()
	var took []time.Duration
	for range pingCount {
		started := time.Now()
		err := s.ping(ctx)
		took = append(took, time.Since(started))
		if err != nil {
			p.emit(failed(name, "no pong: %s", ending(err)))
			return
		}
	}
	slices.Sort(took)
	least, median, most := took[0], percentile(took, 50), took[len(took)-1]
	c := ok(name, "answered: %d pongs, round trip %s at the least, %s in the median, %s at the most", pingCount, milliseconds(least), milliseconds(median), milliseconds(most))
	c.Data = pingData{inMS(least), inMS(median), inMS(most)}
	p.emit(c)
}

// inMS is a duration in milliseconds, as machines read it.
func inMS(d time.Duration) float64 {
	return float64(d.Microseconds()) / 1000
}

// percentile is what that many percent of the values do not exceed. They are sorted, and there
// is one at least.
func percentile(sorted []time.Duration, percent int) time.Duration {
	return sorted[max((percent*len(sorted)+99)/100-1, 0)]
}
