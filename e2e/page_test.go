package e2e

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"
)

// A user uses the page in a browser.
type user struct{ engine }

// text returns the text of an element.
func (u *user) text(t *testing.T, id string) string {
	t.Helper()
	return value[string](t, u, fmt.Sprintf("document.getElementById(%q).textContent", id))
}

// await waits until an element's text contains want, and returns the text.
func (u *user) await(t *testing.T, id, want string) string {
	t.Helper()
	var got string
	eventually(t, fmt.Sprintf("#%s contains %q", id, want), func() bool {
		got = u.text(t, id)
		return strings.Contains(got, want)
	})
	return got
}

// count returns one of the page's counters.
func (u *user) count(t *testing.T, name string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.ReplaceAll(u.text(t, "count-"+name), ",", ""))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// set puts a value into a field.
func (u *user) set(t *testing.T, id, content string) {
	t.Helper()
	value[bool](t, u, fmt.Sprintf(`(() => {
		const field = document.getElementById(%q)
		field.value = %q
		field.dispatchEvent(new Event("input", {bubbles: true}))
		field.dispatchEvent(new Event("change", {bubbles: true}))
		return true
	})()`, id, content))
}

// send sends a text as the form does.
func (u *user) send(t *testing.T, text string) {
	t.Helper()
	u.set(t, "text", text)
	u.click(t, "#send-text button")
}

// checkEchoes sends text, bytes and a file of 1 MiB, and waits for their echoes.
func (u *user) checkEchoes(t *testing.T) {
	t.Helper()
	u.await(t, "status", "Connected")
	u.send(t, "Hello, κόσμε")
	u.await(t, "count-identical", "1")
	u.set(t, "hex", "00 ff 80 0x7f")
	u.click(t, "#send-hex button")
	u.await(t, "count-identical", "2")
	value[bool](t, u, `(() => {
		const chosen = new DataTransfer()
		const content = Uint8Array.from({length: 1 << 20}, (_, i) => [0x00, 0xff, 0xc3, 0x28][i % 4])
		chosen.items.add(new File([content], "a MiB"))
		document.getElementById("file").files = chosen.files
		return true
	})()`)
	u.click(t, "#send-file button")
	u.await(t, "count-identical", "3")
	if got, want := u.text(t, "faithful"), "Every echo identical, byte for byte, in order"; got != want {
		t.Errorf("the page says %q, want %q", got, want)
	}
	if got := u.text(t, "p99"); !regexp.MustCompile(`^(< )?[0-9.]+ m?s$`).MatchString(got) || regexp.MustCompile(`^0(\.0+)? `).MatchString(got) {
		t.Errorf("p99 is %q", got)
	}
}

// A tab is a tab of Chromium that shows the page.
type tab struct {
	*user
	context.Context
	console <-chan string // errors, warnings, violations of the policy
}

// openPage opens a URL in Chromium, and fails the test if the console has errors or warnings other
// than failed connections and requests.
func openPage(t *testing.T, url string) *tab {
	t.Helper()
	browser := openBrowser(t, "about:blank")
	// Subscribe in the test's goroutine, before the page is opened, so that nothing is missed.
	messages := chromedp.Console(browser)
	problems := make(chan string, 1000)
	go func() {
		defer close(problems)
		for m, err := range messages {
			if err != nil {
				return // the browser is gone
			}
			switch m.Type {
			case chromedp.ConsoleError, chromedp.ConsoleWarning, chromedp.ConsoleException:
				if !strings.HasPrefix(m.Text, "WebSocket connection to") && !strings.HasPrefix(m.Text, "Failed to load resource") {
					problems <- m.String()
				}
			}
		}
	}()
	p := &tab{&user{chromium{browser}}, browser, problems}
	p.do(t, chromedp.Navigate(url))
	t.Cleanup(func() {
		chromedp.Cancel(browser)
		for message := range problems {
			t.Errorf("console of %s: %s", url, message)
		}
	})
	return p
}

func (p *tab) do(t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(p.Context, actions...); err != nil {
		t.Fatal(err)
	}
}

func TestPageEchoes(t *testing.T) {
	p := startBinary(t)
	for _, path := range []string{"/", "/.ws"} {
		t.Run(path, func(t *testing.T) {
			page := openPage(t, fmt.Sprintf("http://localhost:%d%s", p.ports["ws"], path))
			page.checkEchoes(t)
			for _, want := range []string{"sent text 17 B", "Hello, κόσμε", "identical", "binary 1 MiB", "00 ff 80 7f"} {
				page.await(t, "frames", want)
			}
			page.set(t, "text", "bye")
			page.click(t, "#send-text button")
			page.await(t, "history", "1000 Normal Closure “goodbye”")
		})
	}
}

// Generated payloads are sent at their rate, and the list of messages stays bounded.
func TestPageGenerates(t *testing.T) {
	p := startBinary(t)
	page := openPage(t, fmt.Sprintf("http://localhost:%d/", p.ports["ws"]))
	page.await(t, "status", "Connected")
	page.set(t, "size", "100")
	page.set(t, "rate", "500")
	page.click(t, "#generate button")
	eventually(t, "more messages than the list shows", func() bool { return page.count(t, "identical") > 600 })
	page.click(t, "#generate button")
	page.await(t, "count-awaited", "0")
	if rows := evaluate[int](t, page, `document.getElementById("frames").children.length`); rows != 1000 {
		t.Errorf("the list has %d messages, want 1000", rows)
	}
	for _, name := range []string{"different", "order", "stray", "lost"} {
		if n := page.count(t, name); n != 0 {
			t.Errorf("%d %s", n, name)
		}
	}
}

func TestPageReconnectsAfterARestart(t *testing.T) {
	backend := newBackends(t, 1)[0]
	first := backend.start(t)
	page := openPage(t, fmt.Sprintf("http://%s:%d/", backend.host, backend.port))
	page.await(t, "status", "Connected")
	first.signal(t, syscall.SIGTERM)
	page.await(t, "history", "1001 Going Away “the server is shutting down”")
	page.await(t, "countdown", "retry in")
	if err := first.wait(); err != nil {
		t.Errorf("the process ended with %v", err)
	}
	backend.start(t)
	page.await(t, "status", "Connected")
	page.click(t, "#send-text button")
	page.await(t, "count-identical", "1")
}

// The page and the echo work below a prefix, whether or not the proxy strips the prefix.
func TestPageUnderAPathPrefix(t *testing.T) {
	for name, c := range map[string]struct{ location, path string }{
		"stripped": {"location /a/prefix/ { proxy_pass http://echosvc/;", "/a/prefix/"},
		"kept":     {"location /a/prefix/ { proxy_pass http://echosvc;", "/a/prefix/.ws"},
	} {
		t.Run(name, func(t *testing.T) {
			backends := newBackends(t, 1)
			addr := startNginxAt(t, backends, c.location, "3600s")
			backends[0].start(t)
			awaitProxyAt(t, "ws://"+addr+"/a/prefix/")
			page := openPage(t, "http://"+addr+c.path)
			page.checkEchoes(t)
			if got, want := page.text(t, "fact-url"), "ws://"+addr+"/a/prefix/"; !strings.HasPrefix(got, want) {
				t.Errorf("connected to %s, want %s", got, want)
			}
		})
	}
}

// The finder measures the idle time-out of a proxy.
func TestPageFindsTheIdleTimeout(t *testing.T) {
	backends := newBackends(t, 1)
	addr := startNginxWith(t, backends, "5s")
	backends[0].start(t, "PING_INTERVAL=0")
	awaitProxyAt(t, "ws://"+addr+"/")
	page := openPage(t, "http://"+addr+"/")
	evaluate[bool](t, page, `(() => {
		const preset = document.getElementById("idle-preset")
		preset.value = "10"
		preset.dispatchEvent(new Event("change", {bubbles: true}))
		return true
	})()`)
	retried(t, func() (problems []string) {
		page.click(t, "#idle-toggle")
		got := page.await(t, "idle-conclusion", "after")
		if !regexp.MustCompile(`^Cut after (4\.9|5|5\.[0-9]) s`).MatchString(got) || !strings.Contains(got, "proxy_read_timeout") {
			problems = append(problems, fmt.Sprintf("the conclusion is %q, want a cut after 5 s", got))
		}
		if results := page.text(t, "idle-results"); !strings.Contains(results, "1 s  still echoes") || !strings.Contains(results, "busy  not cut") {
			problems = append(problems, "the results are "+results)
		}
		return problems
	})
}
