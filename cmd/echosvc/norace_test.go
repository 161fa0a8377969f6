//go:build !race

package main

// withRaceDetector says that the tests run under the race detector.
const withRaceDetector = false
