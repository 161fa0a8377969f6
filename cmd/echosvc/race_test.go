//go:build race

package main

// withRaceDetector reports whether the tests run under the race detector.
const withRaceDetector = true
