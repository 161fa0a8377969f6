// Package report formats the measurements as tables and as a picture.
package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/echosvc/echosvc/bench/internal/load"
)

// A Table holds the results of a run of the bench.
type Table struct {
	Command  string
	Date     time.Time
	Machine  string
	Rounds   int
	Measured time.Duration // of each cell in each round
	Servers  []Server
	Loads    []Load
}

// A Server is a row.
type Server struct {
	Name, Title string
	Group       Group
	Another     bool // another build of echosvc, to compare with the reference
}

// A Group classifies servers.
type Group int

// The groups.
const (
	Ours   Group = iota // echosvc
	Peer                // another WebSocket server
	Kernel              // a bare TCP echo: the floor
)

// A Load is a column.
type Load struct {
	Name, Title string
	Unit        string // what is counted, such as "message"
	Idle        bool   // the cost is memory, not time
	Cells       []Cell // by server
}

// A Cell has the measurements of one server under one load. It has no rounds if there are none.
type Cell struct {
	Rounds []Round
	Failed []string // errors of the rounds that failed
}

// A Round is one measurement. Times are in microseconds, sizes in bytes.
type Round struct {
	Cost       float64 // server CPU per unit; memory per idle connection
	Rate       float64 // units per second
	P50, P99   float64
	RSS        float64
	LoadCost   float64 // the load's CPU per unit
	ServerBusy float64 // share of its core
	LoadBusy   float64 // likewise
}

// Figures returns the figures of a result.
func Figures(r load.Result) Round {
	if r.Messages == 0 {
		return Round{Cost: r.BytesPerConnection, RSS: float64(r.RSS)}
	}
	each := func(d time.Duration) float64 { return micros(d) / float64(r.Messages) }
	return Round{
		Cost: each(r.ServerCPU), Rate: float64(r.Messages) / r.Elapsed.Seconds(),
		P50: micros(r.P50), P99: micros(r.P99), RSS: float64(r.RSS), LoadCost: each(r.LoadCPU),
		ServerBusy: r.ServerCPU.Seconds() / r.Elapsed.Seconds(), LoadBusy: r.LoadCPU.Seconds() / r.Elapsed.Seconds(),
	}
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// Measured reports whether the cell has a measurement.
func (c Cell) Measured() bool { return len(c.Rounds) > 0 }

// Best returns the best of each figure over the rounds, with two exceptions: latencies are the
// median, since the best would hide the tail, and the busy shares are from the round with the
// lowest cost.
func (c Cell) Best() Round {
	best := slices.MinFunc(c.Rounds, func(a, b Round) int { return cmp.Compare(a.Cost, b.Cost) })
	for _, r := range c.Rounds {
		best.Rate = max(best.Rate, r.Rate)
		best.RSS, best.LoadCost = min(best.RSS, r.RSS), min(best.LoadCost, r.LoadCost)
	}
	best.P50 = c.median(func(r Round) float64 { return r.P50 })
	best.P99 = c.median(func(r Round) float64 { return r.P99 })
	return best
}

// Median returns the median of the costs.
func (c Cell) Median() float64 { return c.median(func(r Round) float64 { return r.Cost }) }

// median returns the middle value of a figure, or the mean of the two middle ones.
func (c Cell) median(figure func(Round) float64) float64 {
	var all []float64
	for _, r := range c.Rounds {
		all = append(all, figure(r))
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}

// Spread returns how much more the worst round cost than the best, as a share of the best.
func (c Cell) Spread() float64 {
	worst := 0.0
	for _, r := range c.Rounds {
		worst = max(worst, r.Cost)
	}
	return worst/c.Best().Cost - 1
}

// Last formats the last round as a line.
func (c Cell) Last() string {
	r := c.Rounds[len(c.Rounds)-1]
	if r.Rate == 0 {
		return fmt.Sprintf("%.0f B per connection", r.Cost)
	}
	return fmt.Sprintf("%8s µs  %8s/s  p50 %11s  p99 %11s  busy %3.0f %%  load %s µs, busy %3.0f %%",
		digits(r.Cost), count(r.Rate), latency(r.P50), latency(r.P99), 100*r.ServerBusy, digits(r.LoadCost), 100*r.LoadBusy)
}

// spread formats the spread, with the number of rounds if some failed.
func (t *Table) spread(c Cell) string {
	switch {
	case len(c.Rounds) > 1 && len(c.Rounds) < t.Rounds:
		return fmt.Sprintf("+%.0f %%, %d of %d rounds", 100*c.Spread(), len(c.Rounds), t.Rounds)
	case len(c.Rounds) == 1:
		return "one round"
	}
	return fmt.Sprintf("+%.0f %%", 100*c.Spread())
}

// reference returns the server that ratios refer to: the first of ours, or the first of all.
func (t *Table) reference() int {
	return max(slices.IndexFunc(t.Servers, func(s Server) bool { return s.Group == Ours }), 0)
}

// ratio returns the cost of a server relative to the reference. ok is false if there is none.
func (t *Table) ratio(l Load, server int) (ratio float64, ok bool) {
	ratio, _, ok = ratios(l.Cells[server], l.Cells[t.reference()])
	return ratio, ok
}

// ratios returns the cost in a relative to that in b, by the best rounds and by the medians. ok is
// false if one of them was not measured, or if b cost nothing.
func ratios(a, b Cell) (best, median float64, ok bool) {
	if !a.Measured() || !b.Measured() || b.Best().Cost <= 0 {
		return 0, 0, false
	}
	return a.Best().Cost / b.Best().Cost, a.Median() / b.Median(), true
}
