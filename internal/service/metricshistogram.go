package service

import (
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

var (
	// durationEdges has a bucket for each common idle time-out of proxies: (14.5, 15.5], (29,
	// 31] and so on, in seconds. Two seconds are enough for the delay of a proxy's timer.
	durationEdges = []float64{14.5, 15.5, 29, 31, 54, 56, 59, 61, 99, 101, 119, 121, 239, 241, 299, 301, 349, 351, 599, 601, 3599, 3601}
	rttEdges      = []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}
)

// The native buckets of a histogram: each is 9 % wider than the one before.
const (
	nativeSchema = 3
	nativePerTwo = 1 << nativeSchema // buckets between a value and its double
	nativeFirst  = -20 * nativePerTwo
	nativeLast   = 27 * nativePerTwo // which ends at 4 years
	// nativeZero is the end of the bucket of zero, in seconds: about 1 us.
	nativeZero = 1.0 / (1 << 20)
)

// nativeEdges are the ends of the native buckets from 0.5 to 1.
var nativeEdges = func() (edges [nativePerTwo]float64) {
	for i := range edges {
		edges[i] = math.Exp2(float64(i)/nativePerTwo - 1)
	}
	return edges
}()

// histogram counts times in seconds, in classic and native buckets. Unlike the histogram of
// package prometheus, several can be added up.
type histogram struct {
	edges   []float64      // of the classic buckets
	classic []atomic.Int64 // by edge; the last is beyond all of them
	native  [nativeLast - nativeFirst + 1]atomic.Int64
	zero    atomic.Int64
	sum     atomic.Int64 // in nanoseconds
}

func newHistogram(edges []float64) *histogram {
	return &histogram{edges: edges, classic: make([]atomic.Int64, len(edges)+1)}
}

// observe counts a time in seconds.
func (h *histogram) observe(seconds float64) {
	i, _ := slices.BinarySearch(h.edges, seconds)
	h.classic[i].Add(1)
	h.sum.Add(int64(math.Round(seconds * 1e9)))
	if seconds <= nativeZero {
		h.zero.Add(1)
		return
	}
	h.native[nativeIndex(seconds)-nativeFirst].Add(1)
}

// nativeIndex returns the index of a native bucket, as Prometheus counts them: the bucket 0
// ends at 1.
func nativeIndex(seconds float64) int {
	fraction, exponent := math.Frexp(seconds)
	i, _ := slices.BinarySearch(nativeEdges[:], fraction)
	return min(max(i+(exponent-1)*nativePerTwo, nativeFirst), nativeLast)
}

// histograms is the series that several histograms with the same edges add up to.
type histograms struct {
	desc    *prometheus.Desc
	started time.Time
	parts   []*histogram
}

// newHistograms returns a series whose name starts with echosvc_.
func newHistograms(name, help string, parts []*histogram) *histograms {
	return &histograms{prometheus.NewDesc("echosvc_"+name, help, nil, nil), time.Now(), parts}
}

// Describe implements [prometheus.Collector].
func (h *histograms) Describe(ch chan<- *prometheus.Desc) { ch <- h.desc }

// Collect implements [prometheus.Collector].
func (h *histograms) Collect(ch chan<- prometheus.Metric) {
	var sum, zero, count int64
	below := map[float64]uint64{}
	native := map[int]int64{}
	for _, part := range h.parts {
		sum += part.sum.Load()
		zero += part.zero.Load()
		for i := range part.native {
			if n := part.native[i].Load(); n > 0 {
				native[i+nativeFirst] += n
			}
		}
	}
	for _, n := range native {
		count += n
	}
	count += zero // and not that of the classic buckets, which may have changed meanwhile
	seen := int64(0)
	for i, edge := range h.parts[0].edges {
		for _, part := range h.parts {
			seen += part.classic[i].Load()
		}
		below[edge] = uint64(min(seen, count))
	}
	seconds := float64(sum) / 1e9
	classic := prometheus.MustNewConstHistogram(h.desc, uint64(count), seconds, below)
	sparse := prometheus.MustNewConstNativeHistogram(h.desc, uint64(count), seconds, native, nil, uint64(zero), nativeSchema, nativeZero, h.started)
	ch <- bothHistograms{classic, sparse}
}

// bothHistograms is a series with classic and native buckets.
type bothHistograms struct {
	prometheus.Metric
	native prometheus.Metric
}

// Write implements [prometheus.Metric].
func (b bothHistograms) Write(out *dto.Metric) error {
	if err := b.native.Write(out); err != nil {
		return err
	}
	var classic dto.Metric
	if err := b.Metric.Write(&classic); err != nil {
		return err
	}
	out.Histogram.Bucket = classic.Histogram.Bucket
	return nil
}
