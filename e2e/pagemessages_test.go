package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// A message opens on a click: whole, indented if it is JSON, with invisible characters shown.
func TestPageOpensMessages(t *testing.T) {
	p := startBinary(t)
	eachEngine(t, func(t *testing.T, u *user) {
		u.navigate(t, fmt.Sprintf("http://localhost:%d/", p.ports["ws"]))
		u.await(t, "status", "Connected to")
		for _, test := range []struct{ sent, view, want string }{
			{`{"n":12345678901234567890,"s":"a\u0000"}`, "JSON", "{\n  \"n\": 12345678901234567890,\n  \"s\": \"a\\u0000\"\n}"},
			{"tab\there, \u202eright to left", "Text", "tab⟨TAB⟩here, ⟨RLO⟩right to left"},
			{strings.Repeat("long ", 2000), "Text", strings.Repeat("long ", 2000)},
			{"<img src=x onerror=alert(1)>", "Text", "<img src=x onerror=alert(1)>"},
		} {
			u.send(t, test.sent)
			u.await(t, "echo", "Echo: text")
			u.set(t, "filter", test.sent[:5])
			u.click(t, "#frames li:first-child button")
			if got := u.text(t, "viewer-text"); got != test.want {
				t.Errorf("%.40q is shown as %.80q, want %.80q", test.sent, got, test.want)
			}
			if got := value[string](t, u, `document.querySelector("#viewer-views [aria-pressed=true]").textContent`); got != test.view {
				t.Errorf("%.40q is shown as %s, want %s", test.sent, got, test.view)
			}
			u.click(t, "#viewer-close")
			u.set(t, "filter", "")
		}
		u.set(t, "filter", "nowhere")
		u.await(t, "frames-empty", "No message matches the filter")
		u.set(t, "filter", "")
		u.set(t, "show", "odd") // the greeting
		eventually(t, "one row", func() bool { return value[int](t, u, `document.querySelectorAll("#frames li").length`) == 1 })
		u.await(t, "frames", "greeting")
	})
}

// While messages arrive, the row that is in view stays in place.
func TestPageKeepsTheRowInView(t *testing.T) {
	p := startBinary(t)
	eachEngine(t, func(t *testing.T, u *user) {
		u.navigate(t, fmt.Sprintf("http://localhost:%d/", p.ports["ws"]))
		u.await(t, "status", "Connected to")
		u.set(t, "rate", "200")
		u.click(t, "#generate-toggle")
		eventually(t, "enough rows to scroll", func() bool { return value[int](t, u, `document.querySelectorAll("#frames li").length`) > 200 })
		before := value[[]any](t, u, `(() => {
			const scroller = document.getElementById("frames-scroll")
			scroller.scrollTop = 1500
			window.row = [...document.querySelectorAll("#frames li")].find(item => item.offsetTop > scroller.scrollTop + 20)
			return [row.textContent, Math.round(row.getBoundingClientRect().top - scroller.getBoundingClientRect().top)]
		})()`)
		eventually(t, "more rows than are kept", func() bool { return u.count(t, "identical") > 700 })
		after := value[[]any](t, u, `[row.textContent, Math.round(row.getBoundingClientRect().top - document.getElementById("frames-scroll").getBoundingClientRect().top)]`)
		if before[0] != after[0] || before[1] != after[1] {
			t.Errorf("the row %v has become %v", before, after)
		}
		value[bool](t, u, `(document.getElementById("frames-scroll").scrollTop = 0, true)`)
		eventually(t, "1,000 rows at the top", func() bool { return value[int](t, u, `document.querySelectorAll("#frames li").length`) == 1000 })
		u.click(t, "#generate-toggle")
	})
}

// The report has what an issue needs.
func TestPageReports(t *testing.T) {
	p := startBinary(t, "POD_NAME=echosvc-0")
	eachEngine(t, func(t *testing.T, u *user) {
		u.navigate(t, fmt.Sprintf("http://localhost:%d/#close_after=1&close_code=4000", p.ports["ws"]))
		u.await(t, "status", "Connected to")
		u.send(t, "once")
		u.await(t, "history", "4000")
		u.await(t, "status", "Connected to")
		u.click(t, "#report")
		got := u.await(t, "viewer-text", "echosvc report")
		for _, want := range []string{
			fmt.Sprintf("URL: ws://localhost:%d/?close_after=1&close_code=4000&greet=1\n", p.ports["ws"]), "path: /\n", "pod: echosvc-0", "version: ", "browser: Mozilla/5.0",
			"Every echo identical", "1 identical", "p50 ", "Idle time-out\n    not tested", "4000 Private Use, open for ", "Request as the server saw it\n    GET /?close_after=1", "Host: localhost",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("the report does not have %q:\n%s", want, got)
			}
		}
		eventually(t, "the result of copying is shown", func() bool { return u.text(t, "viewer-copied") != "" })
	})
}
