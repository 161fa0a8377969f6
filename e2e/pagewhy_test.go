package e2e

import (
	"fmt"
	"net"
	"syscall"
	"testing"
)

// The page says why an upgrade failed. Each proxy breaks upgrades in its own way.
func TestPageSaysWhyAnUpgradeFailed(t *testing.T) {
	allowed := startBinary(t, "ALLOWED_ORIGINS=https://example.com")
	echo := startBinary(t, "POD_NAME=echosvc-0")
	backends := newBackends(t, 1)
	backends[0].start(t, "POD_NAME=echosvc-0")
	// The settings for WebSockets go to the last location, which is not used.
	through := func(location string) string {
		addr := startNginxAt(t, backends, "location / { proxy_pass http://echosvc; "+location+" }\nlocation = /unused {", "60s")
		awaitListener(t, addr)
		return "http://" + addr + "/"
	}
	tests := []struct{ name, url, element, title, detail, fix string }{
		{"HTTP/1.0", through(""), "why", "A proxy sent the upgrade as HTTP/1.0", "answered the upgrade with 400", "proxy_http_version 1.1"},
		{"no Upgrade", through("proxy_http_version 1.1;"), "why", "A proxy removed “Upgrade: websocket”", "echosvc-0 answered the upgrade with 400", "proxy_set_header Upgrade $http_upgrade"},
		{"no field of an upgrade", through(`proxy_http_version 1.1; proxy_set_header Sec-WebSocket-Key ""; proxy_set_header Sec-WebSocket-Version "";`),
			"why", "A proxy turned the upgrade into plain HTTP", "as an ordinary GET", "proxy_set_header Upgrade"},
		{"the proxy answers the upgrade", through("if ($http_upgrade) { return 403; }"), "why", "The upgrade never reached the server", "Plain HTTP reaches echosvc-0, but the upgrade did not", "echosvc probe ws://"},
		{"the proxy answers everything but the page", through(`} location ~ /\.ws/upgrade { return 502;`), "why", "A proxy answered with 502", "could not reach the server", "502 Bad Gateway"},
		{"origin", fmt.Sprintf("http://localhost:%d/", allowed.ports["ws"]), "why", "The server does not allow this page's origin", "answered the upgrade with 403", "ALLOWED_ORIGINS"},
		{"the browser rejects the answer", fmt.Sprintf("http://localhost:%d/#protocols=chat&subprotocol=other", echo.ports["ws"]), "notice", "Connected without controls", "The server accepted the upgrade", ""},
	}
	eachEngine(t, func(t *testing.T, u *user) {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				u.navigate(t, test.url)
				for _, want := range []string{test.title, test.detail, test.fix} {
					u.await(t, test.element, want)
				}
			})
		}
	})
}

// A proxy without a server answers itself, and the page says so.
func TestPageNamesTheProxyThatAnswered(t *testing.T) {
	eachEngine(t, func(t *testing.T, u *user) {
		backends := newBackends(t, 1)
		server := backends[0].start(t)
		addr := startHAProxy(t, backends)
		awaitProxyAt(t, "ws://"+addr+"/")
		u.navigate(t, "http://"+addr+"/")
		u.await(t, "status", "Connected to")
		server.signal(t, syscall.SIGTERM)
		if err := server.wait(); err != nil {
			t.Error(err)
		}
		u.await(t, "why", "A proxy answered with 503, not this server")
		u.await(t, "why-quote", "503 Service Unavailable")
		backends[0].start(t)
		u.await(t, "status", "Connected to")
		if !value[bool](t, u, `document.getElementById("why").hidden`) {
			t.Error("after the page has connected, it still says why it could not")
		}
	})
}

// If a file of the page does not arrive, static text names it.
func TestPageWithoutItsScripts(t *testing.T) {
	backends := newBackends(t, 1)
	backends[0].start(t)
	without := func(file string) string {
		addr := startNginxAt(t, backends, "location = /.ws/"+file+" { return 404; }\nlocation / { proxy_pass http://echosvc;", "60s")
		awaitListener(t, addr)
		return "http://" + addr + "/"
	}
	tests := map[string]struct{ url, element, want string }{
		"main.js":   {without("main.js"), "no-script", ".ws/main.js"},
		"a module":  {without("ledger.js"), "no-script", "a file that it imports"},
		"worker.js": {without("worker.js"), "no-worker", ".ws/worker.js did not load"},
	}
	eachEngine(t, func(t *testing.T, u *user) {
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				u.navigate(t, test.url)
				eventually(t, "the text is visible", func() bool {
					return value[bool](t, u, fmt.Sprintf(`(() => {
						const text = document.getElementById(%q)
						return text !== null && !text.hidden && getComputedStyle(text).visibility === "visible"
					})()`, test.element))
				})
				u.await(t, test.element, test.want)
			})
		}
	})
}

// awaitListener waits until something listens at an address. The proxies of these tests let no
// upgrade through, which awaitProxy waits for.
func awaitListener(t *testing.T, addr string) {
	t.Helper()
	eventually(t, addr+" listens", func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}
