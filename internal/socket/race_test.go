//go:build race

package socket

// withRaceDetector reports whether the tests run under the race detector.
const withRaceDetector = true
