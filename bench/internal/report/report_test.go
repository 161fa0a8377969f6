package report

import (
	"math"
	"testing"
	"time"

	"github.com/echosvc/echosvc/bench/internal/load"
)

func TestFigures(t *testing.T) {
	got := Figures(load.Result{
		Messages: 1000, Elapsed: 2 * time.Second, ServerCPU: 10 * time.Millisecond, LoadCPU: time.Second,
		P50: 1500 * time.Nanosecond, P99: time.Millisecond, RSS: 4096,
	})
	want := Round{Cost: 10, Rate: 500, P50: 1.5, P99: 1000, RSS: 4096, LoadCost: 1000, ServerBusy: 0.005, LoadBusy: 0.5}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := Figures(load.Result{BytesPerConnection: 600, RSS: 1 << 20}); got != (Round{Cost: 600, RSS: 1 << 20}) {
		t.Errorf("idle: %+v", got)
	}
}

func TestBest(t *testing.T) {
	c := Cell{Rounds: []Round{
		{Cost: 6, Rate: 100, P50: 5, P99: 9, RSS: 3, LoadCost: 2, ServerBusy: 0.5, LoadBusy: 0.6},
		{Cost: 5, Rate: 90, P50: 4, P99: 10, RSS: 4, LoadCost: 3, ServerBusy: 0.7, LoadBusy: 0.8},
		{Cost: 5.5, Rate: 110, P50: 6, P99: 8, RSS: 2, LoadCost: 1, ServerBusy: 0.9, LoadBusy: 1},
	}}
	want := Round{Cost: 5, Rate: 110, P50: 5, P99: 9, RSS: 2, LoadCost: 1, ServerBusy: 0.7, LoadBusy: 0.8}
	if got := c.Best(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := c.Spread(); math.Abs(got-0.2) > 1e-9 {
		t.Errorf("spread %v, want 6/5-1", got)
	}
	if got := c.Median(); got != 5.5 {
		t.Errorf("median %v", got)
	}
}

func TestRatio(t *testing.T) {
	table := example()
	for server, want := range []float64{2, 1, 0.5} {
		if got, ok := table.ratio(table.Loads[0], server); got != want || !ok {
			t.Errorf("server %d: %v, %v; want %v", server, got, ok, want)
		}
	}
	if _, ok := table.ratio(table.Loads[1], 0); ok {
		t.Error("a ratio for a cell that was not measured")
	}
}

func TestRatiosNeedACost(t *testing.T) {
	measured, free := Cell{Rounds: []Round{{Cost: 3}, {Cost: 4}}}, Cell{Rounds: []Round{{Cost: 0}}}
	if best, median, ok := ratios(measured, measured); best != 1 || median != 1 || !ok {
		t.Errorf("%v, %v, %v for equal cells", best, median, ok)
	}
	for _, cells := range [][2]Cell{{measured, free}, {measured, {}}, {{}, measured}} {
		if _, _, ok := ratios(cells[0], cells[1]); ok {
			t.Errorf("a ratio of %v", cells)
		}
	}
}

func TestNumbers(t *testing.T) {
	for f, want := range map[float64]string{0.4821: "0.482", 6.25: "6.25", 14.32: "14.3", 573.4: "573", 1453: "1,453", 1234567: "1,234,567"} {
		if got := digits(f); got != want {
			t.Errorf("%v is formatted as %s, want %s", f, got, want)
		}
	}
	for f, want := range map[float64]string{0.0031: "0.003×", 0.97: "0.97×", 8: "8.00×", 23.4: "23×"} {
		if got := times(f); got != want {
			t.Errorf("ratio %v is formatted as %s, want %s", f, got, want)
		}
	}
}

// example returns a table of three servers and three loads, with one cell not measured.
func example() *Table {
	cell := func(costs ...float64) (c Cell) {
		for _, cost := range costs {
			c.Rounds = append(c.Rounds, Round{Cost: cost, Rate: 1e6 / cost, P50: 10, P99: 20, RSS: 3 << 20, LoadCost: 1, ServerBusy: 1, LoadBusy: 0.5})
		}
		return c
	}
	return &Table{
		Command: "go run .", Date: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Machine: "Test <CPU> & more, 2 cores",
		Rounds: 2, Measured: time.Second,
		Servers: []Server{{Name: "peer", Title: "a/peer", Group: Peer}, {Name: "ours", Title: "echosvc", Group: Ours}, {Name: "bare", Title: "bare", Group: Kernel}},
		Loads: []Load{
			{Name: "one", Title: "One", Unit: "message", Cells: []Cell{cell(10, 11), cell(5, 5), cell(2.5, 3)}},
			{Name: "two", Title: "Two", Unit: "handshake", Cells: []Cell{cell(40, 50), {}, {}}},
			{Name: "idle", Title: "Idle", Idle: true, Cells: []Cell{cell(12000, 12000), cell(600, 606), cell(30, 30)}},
		},
	}
}
