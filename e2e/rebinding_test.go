package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestPageOfAReboundName: a browser that has opened HEALTH_PORT under a name which leads there may
// not act, since the page could be another's. It may at localhost and at an IP address.
func TestPageOfAReboundName(t *testing.T) {
	p := startBinary(t, "ADMIN_ACTIONS=true")
	at := func(host string) string { return fmt.Sprintf("http://%s:%d/healthz", host, p.ports["health"]) }
	browser := openBrowser(t, at("localhost"), chromedp.Flag("host-resolver-rules", "MAP attacker.example 127.0.0.1"))
	for _, test := range []struct {
		host   string
		status int
	}{{"localhost", 200}, {"127.0.0.1", 200}, {"attacker.example", 403}} {
		if _, err := chromedp.Run(browser, chromedp.Navigate(at(test.host))); err != nil {
			t.Fatal(err)
		}
		got := evaluate[int](t, browser, `fetch("/readyz?ready=true", {method: "POST"}).then(r => r.status)`)
		if got != test.status {
			t.Errorf("the page of %s gets %d, want %d", test.host, got, test.status)
		}
	}
}
