package dashboard

import (
	"strconv"
	"strings"
)

// A Timer is a common idle time-out. Connections that it ends are between From and To old, in
// seconds, which are edges of buckets of echosvc_websocket_connection_duration_seconds.
type Timer struct {
	Name     string // as in the label timer of the rules
	From, To float64
}

// Timers are those with a bucket of their own.
var Timers = []Timer{
	{"15s", 14.5, 15.5},
	{"30s", 29, 31},
	{"55s", 54, 56},
	{"60s", 59, 61},
	{"100s", 99, 101},
	{"2m", 119, 121},
	{"4m", 239, 241},
	{"5m", 299, 301},
	{"350s", 349, 351},
	{"10m", 599, 601},
	{"1h", 3599, 3601},
}

// edge returns a regular expression for an edge of a bucket: Prometheus 3 writes 61 as 61.0.
func edge(seconds float64) string {
	text := strconv.FormatFloat(seconds, 'f', -1, 64)
	if strings.Contains(text, ".") {
		return strings.ReplaceAll(text, ".", "[.]")
	}
	return text + "([.]0)?"
}
