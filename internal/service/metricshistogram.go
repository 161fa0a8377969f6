package service

import "github.com/prometheus/client_golang/prometheus"

var (
	// durationEdges has a bucket for each common idle time-out of proxies: (14.5, 15.5], (29,
	// 31] and so on, in seconds. Two seconds are enough for the delay of a proxy's timer.
	durationEdges = []float64{14.5, 15.5, 29, 31, 54, 56, 59, 61, 99, 101, 119, 121, 239, 241, 299, 301, 349, 351, 599, 601, 3599, 3601}
	rttEdges      = []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}
)

// newHistogram returns a histogram of times in seconds, in classic and native buckets. Its name
// starts with echosvc_.
func newHistogram(name, help string, edges []float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "echosvc_" + name, Help: help, Buckets: edges,
		NativeHistogramBucketFactor:  1.1,             // each native bucket is 9 % wider than the one before
		NativeHistogramZeroThreshold: 1.0 / (1 << 20), // about 1 us
	})
}
