package e2e

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

var screenshots = flag.String("screenshots", "", "write TestPageLook's screenshots of the page to this `directory`")

// looks are the screens to test the page on, by the name of the screenshot.
var looks = map[string]struct {
	width, height int64
	scheme        string
}{
	"page":            {1280, 900, "light"},
	"page-dark":       {1280, 900, "dark"},
	"page-phone":      {390, 844, "light"},
	"page-phone-dark": {390, 844, "dark"},
	"page-narrow":     {320, 640, "light"},
}

// On each screen, axe-core finds no accessibility problems in the page with every part filled, and
// nothing overflows horizontally.
func TestPageLook(t *testing.T) {
	axe, err := os.ReadFile(filepath.Join(nodePackages(t, "axe-core@4.14.1"), "node_modules/axe-core/axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	backends := newBackends(t, 1)
	addr := startNginxAt(t, backends, "location / { proxy_pass http://echosvc; proxy_set_header X-Forwarded-Proto $scheme;", "5s")
	backends[0].start(t, "PING_INTERVAL=0", "POD_NAME=echosvc-7c9d8f6b5-x2k4z", "POD_NAMESPACE=echosvc", "NODE_NAME=node-1")
	awaitProxyAt(t, "ws://"+addr+"/")
	refusing := startNginxAt(t, backends, "location / { proxy_pass http://echosvc; proxy_http_version 1.1; }\nlocation = /unused {", "5s")
	awaitListener(t, refusing)
	for name, look := range looks {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of the time the page waits for the idle test
			page := openPage(t, "about:blank")
			media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.scheme}}}
			if _, err := chromedp.Call(page, emulation.SetEmulatedMedia, media); err != nil {
				t.Fatal(err)
			}
			page.do(t, chromedp.EmulateViewport(look.width, look.height), chromedp.Navigate("http://"+addr+"/"))
			page.fill(t)
			if *screenshots != "" {
				page.shoot(t, filepath.Join(*screenshots, name+".png"), look.width)
			}
			page.set(t, "control-delay", "soon")
			page.await(t, "control-delay-error", "such as 250ms")
			page.set(t, "hex", "0")
			evaluate[bool](t, page, `(document.getElementById("send-hex").requestSubmit(), true)`)
			page.await(t, "hex-error", "a byte has two")

			if wide := evaluate[int](t, page, "document.documentElement.scrollWidth"); int64(wide) > look.width {
				t.Errorf("the page is %d wide on a screen of %d", wide, look.width)
			}
			page.checkAccessibility(t, string(axe))

			page.activate(t, "#frames li:first-child button")
			page.checkAccessibility(t, string(axe))
			page.activate(t, "#viewer-close")
			page.activate(t, "#report")
			page.await(t, "viewer-copied", ".")
			page.checkAccessibility(t, string(axe))

			page.do(t, chromedp.Navigate("http://"+refusing+"/"))
			page.await(t, "why", "A proxy removed “Upgrade: websocket”")
			page.checkAccessibility(t, string(axe))
			if *screenshots != "" {
				page.shoot(t, filepath.Join(*screenshots, name+"-refused.png"), look.width)
			}
		})
	}
}

// On each screen, axe-core finds no accessibility problems in the pages of HEALTH_PORT.
func TestHealthPagesLook(t *testing.T) {
	axe, err := os.ReadFile(filepath.Join(nodePackages(t, "axe-core@4.14.1"), "node_modules/axe-core/axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	p := startBinary(t, "ADMIN_ACTIONS=true", "PPROF=true")
	connected := openPage(t, fmt.Sprintf("http://localhost:%d/", p.ports["ws"]))
	connected.await(t, "status", "Connected to")
	connected.send(t, "bye")
	connected.await(t, "history", "1000 Normal Closure")
	page := openPage(t, "about:blank")
	for name, look := range looks {
		media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.scheme}}}
		if _, err := chromedp.Call(page, emulation.SetEmulatedMedia, media); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"", "connections", "connections?closed=1"} {
			t.Run(name+"/"+path, func(t *testing.T) {
				page.do(t, chromedp.EmulateViewport(look.width, look.height), chromedp.Navigate(fmt.Sprintf("http://localhost:%d/%s", p.ports["health"], path)))
				if wide := evaluate[int](t, page, "document.documentElement.scrollWidth"); int64(wide) > look.width {
					t.Errorf("the page is %d wide on a screen of %d", wide, look.width)
				}
				page.checkAccessibility(t, string(axe))
			})
		}
	}
}

// checkAccessibility fails the test if axe-core finds something in the page as it is.
func (p *tab) checkAccessibility(t *testing.T, axe string) {
	t.Helper()
	evaluate[bool](t, p, axe+";true")
	violations := evaluate[[]string](t, p, `axe.run(document, {resultTypes: ["violations"]}).then(({violations}) =>
		violations.flatMap(({id, help, nodes}) => nodes.map(({html, failureSummary}) => id + ": " + help + "\n" + html + "\n" + failureSummary)))`)
	if len(violations) > 0 {
		t.Errorf("axe-core finds:\n%s", strings.Join(violations, "\n\n"))
	}
}

// activate clicks by script. The proxy cuts the connection every 5 s, which moves what is below the head of
// the page, and another click could miss.
func (p *tab) activate(t *testing.T, selector string) {
	t.Helper()
	evaluate[bool](t, p, fmt.Sprintf("(document.querySelector(%q).click(), true)", selector))
}

// fill puts something into every part of the page: echoes, a closed connection, one with a
// subprotocol, an idle time-out that was found, a URL with controls.
func (p *tab) fill(t *testing.T) {
	t.Helper()
	p.await(t, "status", "Connected")
	p.set(t, "text", "bye")
	p.activate(t, "#send-text button")
	p.await(t, "history", "1000 Normal Closure")
	p.await(t, "status", "Connected")
	p.set(t, "protocols", "chat, mqtt")
	p.activate(t, "#controls .primary")
	p.await(t, "fact-protocol", "chat")
	p.set(t, "rate", "60")
	p.activate(t, "#generate button")
	p.set(t, "idle-steps", "1, 2, 3, 4, 6, 8")
	p.activate(t, "#idle-toggle")
	p.await(t, "idle-conclusion", "Cut after")
	eventually(t, "enough echoes for a plot", func() bool { return p.count(t, "identical") > 240 })
	p.activate(t, "#generate button")
	p.await(t, "count-awaited", "0")
	p.set(t, "text", "Hello, κόσμε")
	p.activate(t, "#send-text button")
	p.set(t, "hex", "00 ff 01 fe de ad be ef")
	p.activate(t, "#send-hex button")
	p.set(t, "control-delay", "250ms")
	p.await(t, "frames", "de ad be ef")
}

// shoot writes a screenshot of the whole page.
func (p *tab) shoot(t *testing.T, file string, width int64) {
	t.Helper()
	height := evaluate[int](t, p, "scrollTo(0, 0), document.activeElement.blur(), document.documentElement.scrollHeight")
	p.do(t, chromedp.EmulateViewport(width, int64(height)))
	p.shootView(t, file)
}

// shootView writes a screenshot of what is in view.
func (p *tab) shootView(t *testing.T, file string) {
	t.Helper()
	picture, err := chromedp.Run(p, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, picture, 0o644); err != nil {
		t.Fatal(err)
	}
}
