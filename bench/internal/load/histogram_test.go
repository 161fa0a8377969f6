package load

import (
	"math"
	"testing"
	"time"
)

func TestQuantileError(t *testing.T) {
	for _, test := range []struct {
		n    int           // durations of 1 to n times the unit
		unit time.Duration // covers every range
	}{{1, 1}, {2, 1}, {100, 1}, {1000, time.Microsecond}, {1000, time.Second}} {
		var h Histogram
		for i := range test.n {
			h.Add(time.Duration(i+1) * test.unit)
		}
		for _, q := range []float64{0, 0.5, 0.99, 1} {
			want := time.Duration(max(math.Ceil(q*float64(test.n)), 1)) * test.unit
			if got := h.Quantile(q); got < want || got > want+want/64 {
				t.Errorf("quantile %v of 1 to %d times %v is %v, want %v", q, test.n, test.unit, got, want)
			}
		}
	}
}

func TestHistogramExtremes(t *testing.T) {
	var h Histogram
	h.Add(-1)
	h.Add(math.MaxInt64)
	if got := h.Quantile(1); got != math.MaxInt64 {
		t.Errorf("the maximum is %v", got)
	}
	if got := (&Histogram{}).Quantile(0.5); got != 0 {
		t.Errorf("the median of nothing is %v", got)
	}
}
