package service

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// TestHistogramIsThatOfPrometheus: what several histograms add up to equals what one of
// package prometheus counts.
func TestHistogramIsThatOfPrometheus(t *testing.T) {
	parts := []*histogram{newHistogram(durationEdges), newHistogram(durationEdges), newHistogram(durationEdges)}
	want := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "echosvc_a", Help: "a", Buckets: durationEdges,
		NativeHistogramBucketFactor: 1.1, NativeHistogramZeroThreshold: nativeZero,
	})
	for i, seconds := range append([]float64{0, 1e-9, nativeZero, 2 * nativeZero, 0.5, 1, 2, 1.5, 1e5, 1e7}, durationEdges...) {
		for _, v := range []float64{seconds, math.Nextafter(seconds, 1e9), seconds * 1.05} {
			parts[i%len(parts)].observe(v)
			want.Observe(v)
		}
	}
	series := newHistograms("a", "a", parts)
	ch := make(chan prometheus.Metric, 1)
	series.Collect(ch)
	var got, expected dto.Metric
	if err := (<-ch).Write(&got); err != nil {
		t.Fatal(err)
	}
	if err := want.Write(&expected); err != nil {
		t.Fatal(err)
	}
	if math.Abs(got.Histogram.GetSampleSum()-expected.Histogram.GetSampleSum()) > 1e-3 {
		t.Errorf("the sum is %v, want %v", got.Histogram.GetSampleSum(), expected.Histogram.GetSampleSum())
	}
	for _, h := range []*dto.Histogram{got.Histogram, expected.Histogram} {
		h.SampleSum, h.CreatedTimestamp = nil, nil
	}
	if got.Histogram.String() != expected.Histogram.String() {
		t.Errorf("got\n%v, want\n%v", got.Histogram, expected.Histogram)
	}
}

// TestDurationsIsolateTimers: each common idle time-out of proxies has a bucket of its own.
func TestDurationsIsolateTimers(t *testing.T) {
	for _, timer := range [][2]float64{{14.5, 15.5}, {29, 31}, {54, 56}, {59, 61}, {99, 101}, {119, 121}, {239, 241}, {299, 301}, {349, 351}, {599, 601}, {3599, 3601}} {
		i := slices.Index(durationEdges, timer[0])
		if i < 0 || durationEdges[i+1] != timer[1] {
			t.Errorf("there is no bucket (%v, %v]", timer[0], timer[1])
		}
	}
	// A proxy that cuts after 60 s, among connections of all lengths from 1 s to 10 minutes.
	h := newHistogram(durationEdges)
	for i := range 600 {
		lasts := time.Duration(i+1) * time.Second
		h.observe(min(lasts.Seconds(), 60.2))
	}
	most := 0
	for i := range h.classic {
		if h.classic[i].Load() > h.classic[most].Load() {
			most = i
		}
	}
	if durationEdges[most] != 61 || h.classic[most].Load() != 541 {
		t.Errorf("the largest bucket ends at %v s and has %d", durationEdges[most], h.classic[most].Load())
	}
}

// TestExtremeTimes stay within the native buckets.
func TestExtremeTimes(t *testing.T) {
	h := newHistogram(rttEdges)
	for _, seconds := range []float64{0, 1e-12, 1e10} {
		h.observe(seconds)
	}
	if h.zero.Load() != 2 || h.native[len(h.native)-1].Load() != 1 {
		t.Errorf("%d are zero, %d in the last bucket", h.zero.Load(), h.native[len(h.native)-1].Load())
	}
}
