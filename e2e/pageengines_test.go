package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// The page connects, echoes and measures in every browser. Firefox's clock has steps of 1 ms, so
// that a round trip may take none.
func TestPageEchoesInEveryEngine(t *testing.T) {
	p := startBinary(t, "POD_NAME=echosvc-0")
	eachEngine(t, func(t *testing.T, u *user) {
		u.navigate(t, fmt.Sprintf("http://localhost:%d/", p.ports["ws"]))
		u.await(t, "status", "Connected to echosvc-0")
		u.checkEchoes(t)
		u.await(t, "echo", "Echo: binary, 1 MiB, identical")
		for _, id := range []string{"rtt-last", "p50", "p95", "p99", "frames", "echo"} {
			if got := u.text(t, id); regexp.MustCompile(`(^|[^.\d])0(\.0+)? ms`).MatchString(got) {
				t.Errorf("#%s is %q, which claims that a round trip took no time", id, got)
			}
		}
		if value[bool](t, u, `document.getElementById("no-script") !== null`) {
			t.Error("the page says that its script does not run")
		}
	})
}

// The facts of the open connection are cleared when it ends, and messages that were lost do
// not count as wrong echoes.
func TestPageIsHonestInEveryEngine(t *testing.T) {
	p := startBinary(t, "POD_NAME=echosvc-0")
	eachEngine(t, func(t *testing.T, u *user) {
		u.navigate(t, fmt.Sprintf("http://localhost:%d/#protocols=chat", p.ports["ws"]))
		u.await(t, "fact-pod", "echosvc-0")
		u.await(t, "fact-protocol", "chat")
		u.send(t, "at once")
		u.await(t, "count-identical", "1")

		// A connection that another replaces is listed. The server reads nothing for a minute
		// after a message, so it does not answer the close frame.
		u.set(t, "control-delay", "1m")
		u.click(t, "#controls .primary")
		u.await(t, "history", "replaced by another connection")
		u.await(t, "fact-pod", "echosvc-0")
		u.send(t, "later")
		u.await(t, "count-awaited", "1")
		u.await(t, "echo", "No echo within 5 s: the server is slow, or the path is dead.")
		u.click(t, "#toggle")
		u.await(t, "toggle", "Stop waiting")
		u.click(t, "#toggle")
		u.await(t, "history", "no answer to the page's close frame")
		u.await(t, "echo", "The connection ended before the echo.")
		u.await(t, "phase", "Not connected")
		u.await(t, "faithful", "Every echo identical, byte for byte, in order; 1 message had no echo when its connection ended")
		for _, id := range []string{"fact-pod", "fact-protocol", "fact-extensions", "fact-open"} {
			if got := u.text(t, id); got != "–" {
				t.Errorf("without a connection, #%s is %q", id, got)
			}
		}
		if !value[bool](t, u, `document.getElementById("seen").hidden`) {
			t.Error("without a connection, the page shows a request head")
		}

		u.click(t, "#reset")
		u.click(t, "#toggle")
		u.await(t, "status", "Connected to")

		// A code and a reason of one's own.
		u.set(t, "close-code", "4321")
		u.set(t, "close-reason", "I have seen enough")
		u.click(t, "#close-form button")
		u.await(t, "history", "4321 Private Use “I have seen enough”")
		u.await(t, "phase", "Not connected")

		// A test that is stopped has a result.
		u.set(t, "idle-steps", "60")
		u.click(t, "#idle-toggle")
		u.await(t, "idle-results", "idle")
		u.click(t, "#idle-toggle")
		u.await(t, "idle-conclusion", "Stopped")
		u.await(t, "idle-results", "stopped")
		u.await(t, "idle-toggle", "Find")
	})
}

// Everything can be done without a mouse.
func TestPageByKeyboardInEveryEngine(t *testing.T) {
	p := startBinary(t)
	eachEngine(t, func(t *testing.T, u *user) {
		u.navigate(t, fmt.Sprintf("http://localhost:%d/", p.ports["ws"]))
		u.await(t, "status", "Connected to")
		u.tabTo(t, "#text")
		u.press(t, "!"+keyEnter)
		u.await(t, "echo", "Echo: text")
		u.await(t, "frames", "identical")

		u.tabTo(t, "#frames button")
		u.press(t, keyDown)
		focused := value[string](t, u, "document.activeElement.textContent")
		u.press(t, keyEnter)
		eventually(t, "the message is open", func() bool { return value[bool](t, u, `document.getElementById("viewer").open`) })
		if got := u.text(t, "viewer-text"); !strings.Contains(got, "κόσμε") || !strings.Contains(got, "!") {
			t.Errorf("the open message is %q", got)
		}
		u.press(t, keyEscape)
		eventually(t, "the message is closed", func() bool { return !value[bool](t, u, `document.getElementById("viewer").open`) })
		if got := value[string](t, u, "document.activeElement.textContent"); got != focused {
			t.Errorf("after the message is closed, the focus is on %q, want %q", got, focused)
		}

		u.tabTo(t, "#scenarios button")
		u.press(t, keySpace)
		u.await(t, "scenario-good", "A good client reconnects at once")
		u.tabTo(t, "#scenario-connect")
		u.press(t, keyEnter)
		u.await(t, "fact-url", "close_in=5s&close_code=1001")
	})
}

// tabTo presses the tab key until an element that matches a selector has the focus.
func (u *user) tabTo(t *testing.T, selector string) {
	t.Helper()
	const most = 60
	for range most {
		u.press(t, keyTab)
		if value[bool](t, u, fmt.Sprintf("document.activeElement.matches(%q)", selector)) {
			return
		}
	}
	t.Fatalf("%d tabs do not lead to %s, but to %s", most, selector, value[string](t, u, "document.activeElement.outerHTML.slice(0, 200)"))
}

// A wrong value is refused in the form, with the reason at its field.
func TestPageShowsErrorsAtTheirFields(t *testing.T) {
	p := startBinary(t)
	eachEngine(t, func(t *testing.T, u *user) {
		u.navigate(t, fmt.Sprintf("http://localhost:%d/", p.ports["ws"]))
		u.await(t, "status", "Connected to")
		for _, test := range []struct{ field, content, submit, want string }{
			{"control-delay", "5m", "#controls .primary", "delay must be a duration from 0 to 1m"},
			{"control-close_reason", strings.Repeat("x", 150), "#controls .primary", "close_reason must be text of at most 123 bytes"},
			{"control-close_code", "1012", "#controls .primary", "close_code needs close_after or close_in"},
			{"path", "//elsewhere/", "#controls .primary", "the path is on elsewhere"},
			{"protocols", "a/b", "#controls .primary", "a/b is not a subprotocol name"},
			{"hex", "0g", "#send-hex button", "“g” is not a hexadecimal digit"},
			{"size", "-1", "#generate-toggle", "The size must be from 0 B to 64 MiB"},
			{"rate", "5000", "#generate-toggle", "The rate must be from 0.1 to 2,000"},
			{"close-code", "1001", "#close-form button", "A browser may close with 1000, or with 3000 to 4999"},
			{"close-reason", strings.Repeat("ä", 75), "#close-form button", "The reason has 150 bytes"},
			{"idle-steps", "soon", "#idle-toggle", "Enter 1 to 20 idle times"},
		} {
			before := value[string](t, u, fmt.Sprintf("document.getElementById(%q).value", test.field))
			u.set(t, test.field, test.content)
			u.click(t, test.submit)
			u.await(t, test.field+"-error", test.want)
			attributes := value[[]string](t, u, fmt.Sprintf(`["aria-invalid", "aria-describedby"].map(name => document.getElementById(%q).getAttribute(name))`, test.field))
			if attributes[0] != "true" || !strings.Contains(attributes[1], test.field+"-error") {
				t.Errorf("%s has aria-invalid=%s, aria-describedby=%s", test.field, attributes[0], attributes[1])
			}
			u.set(t, test.field, before)
			if strings.HasPrefix(test.field, "control-") || test.field == "path" || test.field == "protocols" {
				if got := u.text(t, test.field+"-error"); got != "" {
					t.Errorf("%s is right again, and its error is %q", test.field, got)
				}
			}
		}
		if got := u.text(t, "phase"); got != "Connected" || u.text(t, "history") != "" {
			t.Errorf("a wrong form has changed the connection: %s, %s", got, u.text(t, "history"))
		}
	})
}
