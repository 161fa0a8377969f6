// Package page is the page that a browser gets: static files that are embedded, with no
// framework, build step or interpolation, and no request to anywhere else. What it does is
// in static, a small module for each concern:
//
//   - main.js puts the parts together; index.html and page.css are what is seen.
//   - connection.js keeps a WebSocket open, backoff.js says when to try again. The WebSocket is in worker.js, so that round-trip
//     times are those of the path and not of the page, and remotesocket.js is this side of it.
//   - ledger.js tells echoes from the rest, and whether they are identical; payload.js makes and compares payloads;
//     generator.js makes them at a rate; send.js has the forms.
//   - frames.js is the list of messages; rtt.js the plot, stats.js its figures; state.js the connection's facts, codes.js close codes in words.
//   - controls.js is the table of controls, controlsform.js its form.
//   - idle.js is the idle-timeout finder, timers.js the defaults of proxies, idleform.js its form.
//
// Those that have no use for a document have a test beside them, for node --test.
//
// All URLs are relative, so that the page works under any path prefix. Its parts are at
// .ws/NAME beside it, where no echo path is taken for one.
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
)

//go:embed static/*.html static/*.css static/*.js static/*.svg
var static embed.FS

// policy is the Content-Security-Policy: nothing but the files of this package, and
// connections to where they came from. 'self' covers ws and wss of the same host and port
// (CSP level 3, and so Chromium since 70, Firefox, and Safari since 2022).
const policy = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// contentTypes are fixed: package mime asks files of the machine.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// asset is a file as it is served.
type asset struct {
	content     []byte
	contentType string
	etag        string
}

// Handler serves the page at / and at any path that ends in /.ws, so that it is reached
// through an ingress that does not strip its prefix, too. Other requests go to elsewhere,
// also those for / that ask for plain text, or are neither GET nor HEAD.
func Handler(elsewhere http.Handler) http.Handler {
	assets := load()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := assets[name(r)]
		if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
			elsewhere.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.contentType)
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache") // to be kept, but asked for: a rollout changes it
		h.Set("Etag", a.etag)
		h.Add("Vary", "Accept")
		if strings.Contains(r.Header.Get("If-None-Match"), a.etag) { // also in a list, or made weak by a proxy
			w.WriteHeader(http.StatusNotModified)
			return
		}
		h.Set("Content-Length", strconv.Itoa(len(a.content)))
		if r.Method == http.MethodGet {
			w.Write(a.content) // a client that has gone is no concern
		}
	})
}

// name is the file that a request is for, or "".
func name(r *http.Request) string {
	if r.URL.Path == "/" && !wantsText(r.Header.Values("Accept")) {
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

// wantsText says that a client asks for plain text and not, as a browser, for HTML.
func wantsText(accept []string) bool {
	all := strings.ToLower(strings.Join(accept, ","))
	return strings.Contains(all, "text/plain") && !strings.Contains(all, "text/html")
}

// load reads the embedded files. An ETag is of the content, so that it is the same in
// every process of a version.
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
