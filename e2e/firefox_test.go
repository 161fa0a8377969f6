package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// firefox is Firefox, driven by WebDriver BiDi.
type firefox struct {
	bidi *websocket.Conn
	last *int   // id of a command
	tab  string // the browsing context
}

var bidiAddress = regexp.MustCompile(`WebDriver BiDi listening on (ws://\S+)`)

// openFirefox starts headless Firefox.
func openFirefox(t *testing.T) engine {
	t.Helper()
	program, err := exec.LookPath("firefox-esr")
	if err != nil {
		program, err = exec.LookPath("firefox")
	}
	if err != nil {
		missing(t, "firefox-esr or firefox")
	}
	profile := filepath.Join(workDir, "firefox")
	if err := os.Mkdir(profile, 0o700); err != nil {
		t.Fatal(err)
	}
	browser := exec.Command(program, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0", "--width", "1280", "--height", "1000")
	stderr, err := browser.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	runUntilExit(t, browser)
	lines := bufio.NewScanner(stderr)
	var address string
	for address == "" && lines.Scan() {
		if found := bidiAddress.FindStringSubmatch(lines.Text()); found != nil {
			address = found[1]
		}
	}
	go func() {
		for lines.Scan() { // or Firefox waits for a reader
		}
	}()
	bidi, _, err := websocket.Dial(context.Background(), address+"/session", nil)
	if err != nil {
		t.Fatalf("Firefox does not listen at %q: %v", address, err)
	}
	bidi.SetReadLimit(64 << 20)
	f := firefox{bidi: bidi, last: new(int)}
	f.call(t, "session.new", map[string]any{"capabilities": map[string]any{}}, nil)
	var tree struct{ Contexts []struct{ Context string } }
	f.call(t, "browsingContext.getTree", map[string]any{}, &tree)
	f.tab = tree.Contexts[0].Context
	return f
}

// call calls a command and decodes its result, unless result is nil.
func (f firefox) call(t *testing.T, method string, parameters map[string]any, result any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitTimeout)
	defer cancel()
	*f.last++
	if err := wsjson.Write(ctx, f.bidi, map[string]any{"id": *f.last, "method": method, "params": parameters}); err != nil {
		t.Fatal(err)
	}
	for {
		var answer struct {
			ID             int
			Error, Message string
			Result         json.RawMessage
		}
		if err := wsjson.Read(ctx, f.bidi, &answer); err != nil {
			t.Fatalf("%s: %v", method, err)
		}
		switch {
		case answer.ID != *f.last:
			continue // an event
		case answer.Error != "":
			t.Fatalf("%s: %s: %s", method, answer.Error, answer.Message)
		case result != nil:
			if err := json.Unmarshal(answer.Result, result); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
}

func (f firefox) navigate(t *testing.T, url string) {
	t.Helper()
	f.call(t, "browsingContext.navigate", map[string]any{"context": f.tab, "url": url, "wait": "complete"}, nil)
}

// evaluated is the result of script.evaluate.
type evaluated struct {
	Result struct {
		Value    any
		SharedID string `json:"sharedId"`
	}
	ExceptionDetails *struct{ Text string }
}

func (f firefox) evaluate(t *testing.T, expression string) evaluated {
	t.Helper()
	var got evaluated
	f.call(t, "script.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "target": map[string]any{"context": f.tab}}, &got)
	if got.ExceptionDetails != nil {
		t.Fatalf("%s: %s", expression, got.ExceptionDetails.Text)
	}
	return got
}

func (f firefox) run(t *testing.T, expression string) string {
	t.Helper()
	return fmt.Sprint(f.evaluate(t, asJSON(expression)).Result.Value)
}

func (f firefox) click(t *testing.T, selector string) {
	t.Helper()
	f.evaluate(t, element(selector)+`.scrollIntoView({block: "center"})`)
	node := f.evaluate(t, element(selector)).Result.SharedID
	origin := map[string]any{"type": "element", "element": map[string]any{"sharedId": node}}
	f.call(t, "input.performActions", map[string]any{"context": f.tab, "actions": []map[string]any{{"type": "pointer", "id": "mouse", "actions": []map[string]any{
		{"type": "pointerMove", "x": 0, "y": 0, "origin": origin}, {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0},
	}}}}, nil)
}

// press clicks buttons as Firefox does for a key, because in a window without the system's
// focus, as here, keys do not click.
func (f firefox) press(t *testing.T, keys string) {
	t.Helper()
	f.call(t, "input.performActions", map[string]any{"context": f.tab, "actions": keyActions(keys)}, nil)
	if strings.HasSuffix(keys, keyEnter) || strings.HasSuffix(keys, keySpace) {
		f.evaluate(t, `document.activeElement.tagName === "BUTTON" && document.activeElement.click()`)
	}
}
