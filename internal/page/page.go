// Package page serves the web page that browsers get: embedded static files, without a
// framework or a build step. The page loads nothing from other origins. Its modules are in
// static:
//
//   - main.js connects the parts. index.html and page.css are the markup and the style, dom.js
//     and clipboard.js helpers.
//   - connection.js keeps a WebSocket open, and backoff.js decides when to reconnect. The
//     WebSocket itself lives in a worker (worker.js, remotesocket.js), so that round-trip times
//     measure the path and not the drawing of the page.
//   - ledger.js matches echoes with what was sent, verdict.js says what that means. payload.js
//     makes and compares payloads, generator.js makes them at a rate, send.js has the forms. echo.js
//     says what became of a message that was sent by hand.
//   - messagelog.js keeps the messages, frames.js is their list, viewer.js opens one, visible.js
//     shows it as it is.
//   - rtt.js is the plot of round-trip times, stats.js its statistics, resolution.js measures the
//     browser's clock.
//   - state.js is the state of the connection, history.js the list of those that ended, ends.js
//     how they ended, codes.js the names of close codes.
//   - ask.js finds out what became of an upgrade that failed, diagnosis.js explains it, why.js
//     shows it.
//   - controls.js is the table of controls, controlsform.js its form, scenarios.js and
//     scenarioform.js fill it in.
//   - idle.js finds idle time-outs, timers.js knows the defaults of proxies, idleform.js is the
//     form.
//   - report.js is the report for an issue.
//
// Modules that do not touch the document have a test beside them, which node --test runs.
//
// All URLs are relative, so the page works under any path prefix. Its files are at .ws/NAME,
// relative to the page, where they take no echo path away.
package page

import (
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/echosvc/echosvc/internal/respond"
)

//go:embed static/*.html static/*.css static/*.js static/*.svg
var static embed.FS

// policy is the Content-Security-Policy: only files of this package, and connections to the
// origin that served them. 'self' covers ws and wss of the same host and port (CSP level 3, in
// Chromium since 70, in Firefox, and in Safari since 2022).
const policy = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// contentTypes are fixed, because package mime depends on files of the machine.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// An asset is a file as it is served.
type asset struct {
	content     []byte
	contentType string
	etag        string
}

// Handler serves the page at / and at any path ending in /.ws, so that it can be reached
// through an ingress that does not strip its prefix, and the page's files. All other requests
// go to next. So do requests for any of these paths that use a method other than GET and
// HEAD, and requests for / that prefer JSON or text to HTML.
func Handler(next http.Handler) http.Handler {
	assets := load()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := assets[name(r)]
		if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.contentType)
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache") // cached, but revalidated: a rollout changes it
		h.Set("Etag", a.etag)
		h.Add("Vary", "Accept")
		if strings.Contains(r.Header.Get("If-None-Match"), a.etag) { // also matches in a list, or weakened by a proxy
			w.WriteHeader(http.StatusNotModified)
			return
		}
		h.Set("Content-Length", strconv.Itoa(len(a.content)))
		if r.Method == http.MethodGet {
			w.Write(a.content) // the client may be gone
		}
	})
}

// name returns the file that a request is for, or "".
func name(r *http.Request) string {
	if r.URL.Path == "/" && respond.Preferred(r, respond.HTML, respond.JSON, respond.Text) == respond.HTML {
		return "index.html"
	}
	dir, file := path.Split(r.URL.Path)
	switch {
	case file == ".ws", file == "" && strings.HasSuffix(dir, "/.ws/"):
		return "index.html"
	case strings.HasSuffix(dir, "/.ws/") && file != "index.html":
		return file
	}
	return ""
}

// load reads the embedded files. The ETag is a hash of the content, so every process of a
// version has the same.
func load() map[string]asset {
	assets := map[string]asset{}
	entries, err := static.ReadDir("static")
	if err != nil {
		panic(err) // the directory is part of the binary
	}
	for _, entry := range entries {
		content, err := fs.ReadFile(static, "static/"+entry.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(content)
		assets[entry.Name()] = asset{content, contentTypes[path.Ext(entry.Name())], fmt.Sprintf(`"%x"`, sum[:8])}
	}
	return assets
}
