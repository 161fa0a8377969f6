package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/coder/websocket"
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

// The server does what the form says. The page's own query fills in the form.
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
	page.await(t, "phase", "Connected") // until then, the status is that of the last connection
	page.click(t, "#send-text button")
	page.await(t, "history", "1012 Service Restart “over & out”")
}

// If controls are disabled, the server ignores them. The page says why there is no greeting.
func TestPageWithoutControls(t *testing.T) {
	p := startBinary(t, "CONTROLS=false")
	page := openPage(t, fmt.Sprintf("http://localhost:%d/", p.ports["ws"]))
	page.await(t, "seen-empty", "controls are disabled")
	page.checkEchoes(t)
	page.set(t, "idle-steps", "1")
	page.click(t, "#idle-toggle")
	page.await(t, "idle-conclusion", "did not accept ping=0")
}

// The form accepts a value if and only if the server does.
func TestPageAndServerAgreeOnControls(t *testing.T) {
	p := startBinary(t)
	page := openPage(t, fmt.Sprintf("http://localhost:%d/", p.ports["ws"]))
	for name, contents := range map[string][]string{
		"delay":        {"0", "250ms", "1m", "1m1ns", "5m", "1", "-1s", ".5s", "1.s", "1h"},
		"every":        {"10ms", "24h", "9ms", "0", "25h"},
		"ping":         {"0", "0s", "10ms", "5ms", "24h0m1s"},
		"stall_in":     {"0", "24h", "24h1s", "1d"},
		"close_after":  {"1", "2147483647", "2147483648", "0", "-1", "1.5"},
		"close_in":     {"1us", "1µs", "1ns", "soon"},
		"fragment":     {"1", "65536", "0"},
		"subprotocol":  {"none", "chat.v1", "a b", "a,b"},
		"drop_in":      {"10s", "10"},
		"reset_after":  {"3", "x"},
		"close_code":   {"1000", "1003", "1004", "1005", "1007", "1010", "1011", "1014", "1015", "2999", "3000", "4999", "5000"},
		"close_reason": {strings.Repeat("x", 123), strings.Repeat("x", 124), strings.Repeat("ä", 61), strings.Repeat("ä", 62)},
		"refuse_after": {"0", "86400", "86401", "-1", "5s"},
		"greet":        {"1", "2"},
		"close":        {"ignore", "1"},
	} {
		for _, content := range contents {
			query := url.Values{name: {content}}
			if name == "close_code" || name == "close_reason" {
				query.Set("close_after", "1")
			}
			want := http.StatusSwitchingProtocols // after which the client may reject a subprotocol
			if name == "refuse_after" {
				want = http.StatusTeapot
				query.Set("refuse", strconv.Itoa(want))
			}
			ws, response, err := websocket.Dial(t.Context(), fmt.Sprintf("ws://localhost:%d/?%s", p.ports["ws"], query.Encode()), nil)
			if err == nil {
				ws.CloseNow()
			}
			said := evaluate[string](t, page, fmt.Sprintf(`import("./.ws/controls.js").then(({controls, validate}) => validate(controls.find(({name}) => name === %q), %q))`, name, content))
			if (said == "") != (response.StatusCode == want) {
				t.Errorf("%s=%.20s: the form says %q, the server %s", name, content, said, response.Status)
			}
		}
	}
}

// After three cuts at the same age, the page suggests looking for an idle time-out, and fills
// in the form.
func TestPageSuggestsTheIdleTest(t *testing.T) {
	p := startBinary(t)
	page := openPage(t, fmt.Sprintf("http://localhost:%d/#drop_in=2s", p.ports["ws"]))
	// A slow machine may take the age for another, so that it takes more connections.
	suggested := regexp.MustCompile(`Three connections in a row ended after (1\.[5-9]|2|2\.[0-4]) s`)
	eventually(t, "the suggestion", func() bool {
		return suggested.MatchString(evaluate[string](t, page, `(() => {
			const toggle = document.getElementById("toggle")
			if (toggle.textContent === "Connect now") toggle.click() // without the back-off
			const suggestion = document.getElementById("suggestion")
			return suggestion.hidden ? "" : suggestion.textContent
		})()`))
	})
	page.click(t, "#suggestion-go")
	if got := evaluate[string](t, page, `document.getElementById("idle-steps").value + ", focus on " + document.activeElement.id`); got != "1, 4, 6, focus on idle-toggle" {
		t.Errorf("the form of the idle test has %s", got)
	}
}

// On a phone, the echo of a message is in view after it was sent.
func TestPageShowsTheEchoOnAPhone(t *testing.T) {
	p := startBinary(t)
	page := openPage(t, "about:blank")
	page.do(t, chromedp.EmulateViewport(390, 844), chromedp.Navigate(fmt.Sprintf("http://localhost:%d/", p.ports["ws"])))
	page.await(t, "status", "Connected to")
	page.send(t, "Hello")
	page.await(t, "echo", "Echo: text, 5 B, identical")
	if bottom := evaluate[float64](t, page, `document.getElementById("echo").getBoundingClientRect().bottom`); bottom > 844 {
		t.Errorf("the echo ends %v pixels below the top, and the screen has 844", bottom)
	}
}

// A scenario fills in the form, and the page connects, or is refused, as it says. What came of it
// stands at the scenario as well: on a small screen the head of the page is not in view.
func TestPageScenarios(t *testing.T) {
	p := startBinary(t)
	page := openPage(t, fmt.Sprintf("http://localhost:%d/", p.ports["ws"]))
	for _, test := range []struct{ name, query, phase, now string }{
		{"Overload", "?refuse=503&refuse_after=10&greet=1", "Waiting", "Now: The server refused with 503, as asked"},
		{"Expired token", "?refuse=401&greet=1", "Not connected", "Now: The server refused with 401, as asked"},
		{"Refusal", "?refuse=403&greet=1", "Not connected", "Now: The server refused with 403, as asked"},
		{"Dead path", "?ping=0&stall_in=5s&greet=1", "Connected", "Now: Connected to"},
		{"Slow server", "?delay=2s&every=1s&greet=1", "Connected", "Now: Connected to"},
		{"Rollout", "?close_in=5s&close_code=1001&close_reason=rolling%20update&greet=1", "Connected", "after the last connection was closed with 1001 Going Away “rolling update”."},
		{"Proxy timer", "?drop_in=5s&greet=1", "Connected", "after the last connection was cut without a close frame (1006)."},
	} {
		evaluate[bool](t, page, fmt.Sprintf(`([...document.querySelectorAll("#scenarios button")].find(button => button.textContent === %q).click(), true)`, test.name))
		page.await(t, "scenario-good", "A good client ")
		page.click(t, "#scenario-connect")
		page.await(t, "fact-url", test.query)
		page.await(t, "scenario-now", test.now)
		page.await(t, "phase", test.phase)
		if test.name == "Slow server" {
			page.await(t, "frames", "push")
		}
	}
	for _, want := range []string{"1001 Going Away “rolling update”", "1006 Abnormal Closure"} {
		page.await(t, "history", want)
	}
}
