//go:build race

package service

// withRaceDetector reports whether the tests run under the race detector.
const withRaceDetector = true
