package probe

import (
	"strings"
	"time"
)

// A proxyTimer is a default time-out of a proxy or load balancer.
type proxyTimer struct {
	after   time.Duration
	name    string
	setting string
	whole   bool // runs on the whole connection, whatever is sent
}

// proxyTimers are the time-outs after which proxies cut a connection unless they are configured
// otherwise. The page has the same table and the same rule, in internal/page/static/timers.js;
// testdata/timers.json holds both to them.
var proxyTimers = []proxyTimer{
	{15 * time.Second, "Envoy", "timeout of the route", true},
	{30 * time.Second, "Google Cloud Application Load Balancer", "timeoutSec of the backend service", true},
	{55 * time.Second, "Heroku router", "fixed", false},
	{60 * time.Second, "nginx and ingress-nginx", "proxy_read_timeout", false},
	{60 * time.Second, "AWS Application Load Balancer", "idle_timeout.timeout_seconds", false},
	{100 * time.Second, "Cloudflare", "fixed, except for Enterprise", false},
	{4 * time.Minute, "Azure Load Balancer", "TCP idle time-out", false},
	{5 * time.Minute, "Envoy and Envoy Gateway", "stream_idle_timeout", false},
	{350 * time.Second, "AWS Network Load Balancer", "TCP idle time-out of the listener", false},
	{10 * time.Minute, "AWS CloudFront and API Gateway", "fixed", false},
	{time.Hour, "HAProxy's ingress controllers", "timeout tunnel", false},
}

// early and minSlack bound how far a measured time may be from a timer.
const (
	early    = 500 * time.Millisecond // the proxy saw the last byte before the client did
	minSlack = 2 * time.Second        // coarse timers, and the way back to the client
)

// matches reports whether a connection that was cut this long after its last byte may have been
// cut by the timer. Timers fire late rather than early, long ones later than short ones: the
// allowance is half a second before the timer, and 2 s or 5 % of it after, whichever is more.
func (t proxyTimer) matches(cut time.Duration) bool {
	return cut >= t.after-early && cut <= t.after+max(minSlack, t.after/20)
}

// timersAt returns all timers that match a cut, in the order of the table.
func timersAt(cut time.Duration) (matching []proxyTimer) {
	for _, t := range proxyTimers {
		if t.matches(cut) {
			matching = append(matching, t)
		}
	}
	return matching
}

// describeTimers lists timers for people: "Heroku router (fixed)". It returns "" for none.
func describeTimers(timers []proxyTimer) string {
	var names []string
	for _, t := range timers {
		setting := t.setting
		if t.whole {
			setting += ", for the whole connection"
		}
		names = append(names, t.name+" ("+setting+")")
	}
	return strings.Join(names, ", ")
}
