package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// The page requests a greeting by default, and shows the pod and the request that arrived there.
func TestPageShowsTheGreeting(t *testing.T) {
	p := startBinary(t, "POD_NAME=echosvc-0", "NODE_NAME=node-1")
	page := openPage(t, fmt.Sprintf("http://localhost:%d/", p.ports["ws"]))
	page.await(t, "status", "Connected to echosvc-0")
	page.await(t, "seen-facts", "node-1")
	if head := page.text(t, "seen-head"); !regexp.MustCompile(`^GET /\?greet=1&_page=[0-9a-f]{32} HTTP/1\.1\nHost: localhost`).MatchString(head) {
		t.Errorf("the request's head is %q", head)
	}
	page.checkEchoes(t) // the greeting was not taken for an echo
}

// The server does what the form asks for. The page's own query fills the form.
func TestPageConnectsWithControls(t *testing.T) {
	p := startBinary(t)
	page := openPage(t, fmt.Sprintf("http://localhost:%d/?every=50ms", p.ports["ws"]))
	page.await(t, "status", "Connected to")
	page.checkEchoes(t)
	eventually(t, "pushes", func() bool { return page.count(t, "push") >= 5 })
	if stray := page.count(t, "stray"); stray != 0 {
		t.Errorf("%d pushes were not recognized", stray)
	}

	page.click(t, "#reset")
	for name, value := range map[string]string{"every": "", "close_after": "1", "close_code": "1012", "close_reason": "over & out"} {
		page.set(t, "control-"+name, value)
	}
	if got, want := evaluate[string](t, page, `document.getElementById("url").value`), "/?close_after=1&close_code=1012&close_reason=over%20%26%20out&greet=1"; !strings.HasSuffix(got, want) {
		t.Errorf("the URL is %s, want one ending in %s", got, want)
	}
	page.click(t, "#controls .primary")
	page.await(t, "fact-url", "close_after=1")
	page.await(t, "status", "Connected to")
	page.click(t, "#send-text button")
	page.await(t, "history", "1012 Service Restart “over & out”")
}

// If controls are turned off, the page connects without them and shows a notice.
func TestPageWithoutControls(t *testing.T) {
	p := startBinary(t, "CONTROLS=false")
	page := openPage(t, fmt.Sprintf("http://localhost:%d/", p.ports["ws"]))
	page.await(t, "notice", "CONTROLS=false")
	page.checkEchoes(t)
	page.set(t, "idle-steps", "1")
	page.click(t, "#idle-toggle")
	page.await(t, "idle-conclusion", "did not accept ping=0")
}
