package probe

import (
	"strings"
	"time"
)

// timers are the times after which proxies cut idle connections unless they are told
// otherwise. The README has most of them, with their settings, and says which were looked
// up. The page has the same list for browsers, in internal/page/static/timers.js.
var timers = []struct {
	after time.Duration
	whose string
}{
	{15 * time.Second, "Envoy (a route's response time-out)"},
	{30 * time.Second, "Google Cloud's load balancers (backend service timeoutSec, for the whole connection)"},
	{55 * time.Second, "Heroku's router"},
	{60 * time.Second, "nginx and ingress-nginx (proxy_read_timeout)"},
	{60 * time.Second, "AWS Application Load Balancer (idle_timeout.timeout_seconds)"},
	{100 * time.Second, "Cloudflare"},
	{4 * time.Minute, "Azure Load Balancer (TCP idle time-out)"},
	{5 * time.Minute, "Envoy (a stream's idle_timeout)"},
	{350 * time.Second, "AWS Network Load Balancer (TCP idle time-out)"},
	{10 * time.Minute, "AWS CloudFront, API Gateway"},
	{time.Hour, "HAProxy's ingress controllers (timeout tunnel)"},
}

// whoseDefault names who has a timer of such a time by default; "" is nobody who is known. Timers
// fire late rather than early.
func whoseDefault(after time.Duration) string {
	var whose []string
	for _, timer := range timers {
		if late := after - timer.after; late > -timer.after/50 && late < timer.after/20 {
			whose = append(whose, timer.whose)
		}
	}
	return strings.Join(whose, ", ")
}
