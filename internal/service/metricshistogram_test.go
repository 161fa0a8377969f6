package service

import (
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// TestDurationsIsolateTimers: each common idle time-out of proxies has a bucket of its own.
func TestDurationsIsolateTimers(t *testing.T) {
	for _, timer := range [][2]float64{{14.5, 15.5}, {29, 31}, {54, 56}, {59, 61}, {99, 101}, {119, 121}, {239, 241}, {299, 301}, {349, 351}, {599, 601}, {3599, 3601}} {
		i := slices.Index(durationEdges, timer[0])
		if i < 0 || durationEdges[i+1] != timer[1] {
			t.Errorf("there is no bucket (%v, %v]", timer[0], timer[1])
		}
	}
	// A proxy that cuts after 60 s, among connections of all lengths from 1 s to 10 minutes.
	h := newHistogram("a", "a", durationEdges)
	for i := range 600 {
		lasts := time.Duration(i+1) * time.Second
		h.Observe(min(lasts.Seconds(), 60.2))
	}
	var below, most uint64 // counts up to the edge before, and in the largest bucket
	largest := 0.0
	for _, b := range read(t, h).Bucket {
		if n := b.GetCumulativeCount() - below; n > most {
			most, largest = n, b.GetUpperBound()
		}
		below = b.GetCumulativeCount()
	}
	if largest != 61 || most != 541 {
		t.Errorf("the largest bucket ends at %v s and has %d", largest, most)
	}
}

// TestNativeBuckets exist beside the classic ones. A time of about 0 has the bucket of zero.
func TestNativeBuckets(t *testing.T) {
	h := newHistogram("a", "a", rttEdges)
	for _, seconds := range []float64{0, 1e-12, 1.0 / (1 << 20), 0.5, 1e10} {
		h.Observe(seconds)
	}
	got := read(t, h)
	if got.GetSchema() != 3 || got.GetZeroCount() != 3 || len(got.PositiveDelta) != 2 || len(got.Bucket) != len(rttEdges) {
		t.Errorf("got %v", got)
	}
}

// read returns what a histogram has counted.
func read(t *testing.T, h prometheus.Histogram) *dto.Histogram {
	t.Helper()
	var m dto.Metric
	if err := h.Write(&m); err != nil {
		t.Fatal(err)
	}
	return m.Histogram
}
