//go:build race

package wsproto

// raceEnabled reports whether the race detector runs. It makes tests many times slower, so
// they cut their input in fewer ways.
const raceEnabled = true
