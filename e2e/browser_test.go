package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/echosvc/echosvc/internal/wstest"
)

// A browser connects over wss if it accepts the certificate.
func TestBrowserOverTLS(t *testing.T) {
	cert, key := wstest.WriteCertificate(t, t.TempDir(), "localhost")
	p := startBinary(t, "TLS_CERT_FILE="+cert, "TLS_KEY_FILE="+key)
	browser := openBrowser(t, fmt.Sprintf("https://localhost:%d/healthz", p.ports["ws"]), chromedp.Flag("ignore-certificate-errors", true))
	got := evaluate[closeEvent](t, browser, `new Promise(resolve => {
		const ws = new WebSocket("wss://" + location.host + "/")
		ws.onopen = () => ws.send("bye")
		ws.onclose = e => resolve({Code: e.code, Reason: e.reason, WasClean: e.wasClean})
	})`)
	if want := (closeEvent{1000, "goodbye", true}); got != want {
		t.Errorf("closed with %+v, want %+v", got, want)
	}
}

// openBrowser starts headless Chromium and opens a page. It skips the test if there is no Chromium.
func openBrowser(t *testing.T, url string, flags ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	// Prefer google-chrome: machines that restrict namespaces allow its sandbox.
	chromium, err := exec.LookPath("google-chrome")
	if err != nil {
		chromium, err = exec.LookPath("chromium")
	}
	if err != nil {
		missing(t, "google-chrome or chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.WSURLReadTimeout(waitTimeout),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	options = append(options, flags...)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium does not support its sandbox as root
	}
	allocator, cancelAllocator := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancelAllocator)
	browser, cancelBrowser := chromedp.NewContext(allocator)
	t.Cleanup(cancelBrowser)
	if _, err := chromedp.Run(browser, chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
	return browser
}

// evaluate runs JavaScript as the console does, and returns the value of its promise.
func evaluate[T any](t *testing.T, browser context.Context, script string) T {
	t.Helper()
	result, err := chromedp.Run(browser, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// A closeEvent is the CloseEvent of a browser's WebSocket.
type closeEvent struct {
	Code     int
	Reason   string
	WasClean bool
}

// The conversation of docs/page.md in a browser's console: text, binary, empty and large messages
// are echoed, and "bye" closes.
func TestBrowserConsole(t *testing.T) {
	p := startBinary(t)
	browser := openBrowser(t, fmt.Sprintf("http://localhost:%d/healthz", p.ports["ws"]))
	type conversation struct {
		Protocol string
		Echoes   []string
		Closed   closeEvent
	}
	got := evaluate[conversation](t, browser, `new Promise((resolve, reject) => {
		const ws = new WebSocket("ws://" + location.host + "/any/path", ["chat", "other"])
		ws.binaryType = "arraybuffer"
		const messages = ["Hello, κόσμε", new Uint8Array([0, 255, 1]).buffer, "", "x".repeat(1 << 20), "bye"]
		const echoes = []
		const same = (a, b) => typeof a === typeof b && (typeof a === "string" ? a === b : String(new Uint8Array(a)) === String(new Uint8Array(b)))
		ws.onopen = () => ws.send(messages[0])
		ws.onmessage = e => {
			echoes.push((typeof e.data) + (same(e.data, messages[echoes.length]) ? " same" : " changed"))
			if (echoes.length < messages.length) ws.send(messages[echoes.length])
		}
		ws.onclose = e => resolve({Protocol: ws.protocol, Echoes: echoes, Closed: {Code: e.code, Reason: e.reason, WasClean: e.wasClean}})
	})`)
	if want := []string{"string same", "object same", "string same", "string same", "string same"}; !reflect.DeepEqual(got.Echoes, want) {
		t.Errorf("the echoes are %q, want %q", got.Echoes, want)
	}
	if want := (closeEvent{1000, "goodbye", true}); got.Closed != want || got.Protocol != "chat" {
		t.Errorf("closed with %+v, subprotocol %q; want %+v", got.Closed, got.Protocol, want)
	}
}

// The code and the reason that a browser closes with come back.
func TestBrowserCloses(t *testing.T) {
	p := startBinary(t)
	browser := openBrowser(t, fmt.Sprintf("http://localhost:%d/healthz", p.ports["ws"]))
	got := evaluate[closeEvent](t, browser, `new Promise(resolve => {
		const ws = new WebSocket("ws://" + location.host + "/")
		ws.onopen = () => ws.close(4321, "enough")
		ws.onclose = e => resolve({Code: e.code, Reason: e.reason, WasClean: e.wasClean})
	})`)
	if want := (closeEvent{4321, "enough", true}); got != want {
		t.Errorf("closed with %+v, want %+v", got, want)
	}
}

// A browser receives a close frame when the server shuts down.
func TestBrowserSeesShutdown(t *testing.T) {
	p := startBinary(t)
	browser := openBrowser(t, fmt.Sprintf("http://localhost:%d/healthz", p.ports["ws"]))
	evaluate[bool](t, browser, `new Promise(resolve => {
		window.ws = new WebSocket("ws://" + location.host + "/")
		window.closing = new Promise(done => ws.onclose = e => done({Code: e.code, Reason: e.reason, WasClean: e.wasClean}))
		ws.onopen = () => resolve(true)
	})`)
	p.signal(t, syscall.SIGTERM)
	got := evaluate[closeEvent](t, browser, `window.closing`)
	if want := (closeEvent{1001, "the server is shutting down", true}); got != want {
		t.Errorf("closed with %+v, want %+v", got, want)
	}
}
