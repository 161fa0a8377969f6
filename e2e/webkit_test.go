package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"testing"
)

// webkit is WebKitGTK, driven by WebDriver.
type webkit struct{ session string } // the URL of the session

// openWebKit starts WebKitGTK on its own screen.
func openWebKit(t *testing.T) engine {
	t.Helper()
	for _, program := range []string{"WebKitWebDriver", "Xvfb"} {
		if _, err := exec.LookPath(program); err != nil {
			missing(t, program)
		}
	}
	display := startScreen(t)
	port := freePort(t, "127.0.0.1")
	driver := exec.Command("WebKitWebDriver", fmt.Sprintf("--port=%d", port))
	driver.Env = append(os.Environ(), "DISPLAY="+display, "XDG_CACHE_HOME="+workDir, "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS=1") // whose user namespaces containers forbid
	runUntilExit(t, driver)
	w := webkit{fmt.Sprintf("http://127.0.0.1:%d/session", port)}
	eventually(t, "WebKitWebDriver answers", func() bool {
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/status", port))
		if err == nil {
			response.Body.Close()
		}
		return err == nil
	})
	created := w.post(t, "", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{}}})
	w.session += "/" + created.(map[string]any)["sessionId"].(string)
	w.post(t, "/timeouts", map[string]any{"script": waitTimeout.Milliseconds()})
	return w
}

// startScreen runs an X server without a screen and returns its DISPLAY.
func startScreen(t *testing.T) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	server := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1280x1000x24", "-nolisten", "tcp")
	server.ExtraFiles = []*os.File{w}
	runUntilExit(t, server)
	w.Close()
	var display int
	if _, err := fmt.Fscan(r, &display); err != nil {
		t.Fatalf("Xvfb does not tell its display: %v", err)
	}
	return fmt.Sprintf(":%d", display)
}

// post calls a command of the session and returns its value.
func (w webkit) post(t *testing.T, command string, parameters map[string]any) any {
	t.Helper()
	body, err := json.Marshal(parameters)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.session+command, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct{ Value any }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", command, answer.Value)
	}
	return answer.Value
}

func (w webkit) navigate(t *testing.T, url string) {
	t.Helper()
	w.post(t, "/url", map[string]any{"url": url})
}

func (w webkit) run(t *testing.T, expression string) string {
	t.Helper()
	script := "const done = arguments[0]; " + asJSON(expression) + ".then(done, error => done(String(error)))"
	return w.post(t, "/execute/async", map[string]any{"script": script, "args": []any{}}).(string)
}

func (w webkit) click(t *testing.T, selector string) {
	t.Helper()
	found := w.post(t, "/element", map[string]any{"using": "css selector", "value": selector})
	for _, id := range found.(map[string]any) {
		w.post(t, fmt.Sprintf("/element/%v/click", id), map[string]any{})
	}
}

func (w webkit) press(t *testing.T, keys string) {
	t.Helper()
	w.post(t, "/actions", map[string]any{"actions": keyActions(keys)})
}
