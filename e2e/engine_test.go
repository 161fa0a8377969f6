package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// An engine is a browser that shows one page.
type engine interface {
	navigate(t *testing.T, url string)
	// run evaluates an expression, waits for its promise, and returns its value as JSON.
	run(t *testing.T, expression string) string
	// click clicks in the middle of the first element that matches a selector.
	click(t *testing.T, selector string)
	// press presses and releases each key. Keys without a character are those of WebDriver.
	press(t *testing.T, keys string)
}

// Keys without a character (WebDriver section 17.4.2).
const (
	keyTab    = "\ue004"
	keyEnter  = "\ue006"
	keyEscape = "\ue00c"
	keySpace  = " "
	keyDown   = "\ue015"
)

// engines are the browsers that the page is tested in. Each function opens an empty page, and skips
// the test if the browser is not installed.
var engines = map[string]func(*testing.T) engine{
	"chromium": func(t *testing.T) engine { return chromium{openBrowser(t, "about:blank")} },
	"firefox":  shared(openFirefox),
	"webkit":   shared(openWebKit),
}

// shared returns a function that opens a browser when it is first called, for all tests: some take
// seconds to start. It ends with the program.
func shared(open func(*testing.T) engine) func(*testing.T) engine {
	var opened engine
	return func(t *testing.T) engine {
		if opened == nil {
			opened = open(t)
		}
		return opened
	}
}

// running are the programs that run until the tests are over.
var running []*exec.Cmd

// runUntilExit starts a program that runs until the tests are over.
func runUntilExit(t *testing.T, program *exec.Cmd) {
	t.Helper()
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	running = append(running, program)
}

// stopRunning ends them, the last one first: a browser before its screen.
func stopRunning() {
	for _, program := range slices.Backward(running) {
		program.Process.Signal(os.Interrupt)
		program.Wait()
	}
}

// eachEngine runs a test in each browser.
func eachEngine(t *testing.T, test func(*testing.T, *user)) {
	for name, open := range engines {
		t.Run(name, func(t *testing.T) { test(t, &user{open(t)}) })
	}
}

// asJSON wraps an expression so that its value, or that of its promise, is a string of JSON. The
// expression is not evaluated with eval, which the page's policy forbids.
func asJSON(expression string) string {
	return "(async () => JSON.stringify((await (" + expression + ")) ?? null))()"
}

// value evaluates an expression and decodes its value.
func value[T any](t *testing.T, e engine, expression string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(e.run(t, expression)), &v); err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// chromium is Chromium, driven by its own protocol.
type chromium struct{ context.Context }

func (c chromium) navigate(t *testing.T, url string) {
	t.Helper()
	if _, err := chromedp.Run(c.Context, chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
}

func (c chromium) run(t *testing.T, expression string) string {
	t.Helper()
	return evaluate[string](t, c.Context, asJSON(expression))
}

func (c chromium) click(t *testing.T, selector string) {
	t.Helper()
	if err := chromedp.Do(c.Context, chromedp.Click(selector)); err != nil {
		t.Fatal(err)
	}
}

// chromiumKeys translates keys to those of package kb.
var chromiumKeys = strings.NewReplacer(keyTab, kb.Tab, keyEnter, kb.Enter, keyEscape, kb.Escape, keyDown, kb.ArrowDown)

func (c chromium) press(t *testing.T, keys string) {
	t.Helper()
	if err := chromedp.Do(c.Context, chromedp.KeyEvent(chromiumKeys.Replace(keys))); err != nil {
		t.Fatal(err)
	}
}

// keyActions returns the actions that press and release keys, as WebDriver and WebDriver BiDi have
// them.
func keyActions(keys string) []map[string]any {
	var actions []map[string]any
	for _, key := range keys {
		actions = append(actions, map[string]any{"type": "keyDown", "value": string(key)}, map[string]any{"type": "keyUp", "value": string(key)})
	}
	return []map[string]any{{"type": "key", "id": "keyboard", "actions": actions}}
}

// element returns an expression for the first element that matches a selector.
func element(selector string) string { return fmt.Sprintf("document.querySelector(%q)", selector) }
