package page

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

// elsewhere stands in for the service's other handlers.
var elsewhere = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) })

func get(t *testing.T, method, target string, header http.Header) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	r.Header = header
	w := httptest.NewRecorder()
	Handler(elsewhere).ServeHTTP(w, r)
	return w.Result()
}

func TestPagePaths(t *testing.T) {
	html, script := "text/html; charset=utf-8", "text/javascript; charset=utf-8"
	tests := []struct {
		method, target, accept string
		want                   string // the content type; "" is elsewhere
	}{
		{"GET", "/", "text/html,application/xhtml+xml,*/*;q=0.8", html},
		{"GET", "/?delay=1s", "*/*", html},
		{"GET", "/", "", html},
		{"HEAD", "/", "*/*", html},
		{"GET", "/", "text/plain", ""},
		{"GET", "/", "application/json, TEXT/plain, */*", ""},
		{"GET", "/", "application/json", ""},
		{"GET", "/", "text/html, text/plain", html},
		{"POST", "/", "text/html", ""},
		{"OPTIONS", "/", "", ""},
		{"GET", "/.ws", "text/plain", html},
		{"GET", "/.ws/", "", html},
		{"GET", "/a/prefix/.ws", "", html},
		{"GET", "/.ws/main.js", "*/*", script},
		{"GET", "/a/prefix/.ws/main.js", "*/*", script},
		{"GET", "/.ws/page.css", "text/css,*/*;q=0.1", "text/css; charset=utf-8"},
		{"GET", "/.ws/icon.svg", "image/*", "image/svg+xml"},
		{"POST", "/.ws/main.js", "", ""},
		{"GET", "/.ws/none.js", "", ""},
		{"GET", "/.ws/index.html", "", ""},
		{"GET", "/.ws/package.json", "", ""},
		{"GET", "/.ws/stats_test.mjs", "", ""},
		{"GET", "/main.js", "", ""},
		{"GET", "/x.ws", "text/html", ""},
		{"GET", "/a/prefix/", "text/html", ""},
		{"GET", "/ws", "text/html", ""},
	}
	for _, test := range tests {
		header := http.Header{}
		if test.accept != "" {
			header.Set("Accept", test.accept)
		}
		response := get(t, test.method, test.target, header)
		body, _ := io.ReadAll(response.Body)
		got := response.Header.Get("Content-Type")
		if response.StatusCode == http.StatusTeapot {
			got = ""
		}
		if got != test.want {
			t.Errorf("%s %s with Accept: %s is %q, want %q", test.method, test.target, test.accept, got, test.want)
		}
		if empty := len(body) == 0; empty != (test.want == "" || test.method == "HEAD") {
			t.Errorf("%s %s has %d bytes", test.method, test.target, len(body))
		}
	}
}

func TestEveryFileHasSecurityHeaders(t *testing.T) {
	for name := range load() {
		target := "/.ws/" + name
		if name == "index.html" {
			target = "/"
		}
		response := get(t, "GET", target, nil)
		for field, want := range map[string]string{
			"X-Content-Type-Options": "nosniff",
			"Referrer-Policy":        "no-referrer",
			"Cache-Control":          "no-cache",
		} {
			if got := response.Header.Get(field); got != want {
				t.Errorf("%s: %s is %q, want %q", target, field, got, want)
			}
		}
		policy := response.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
			t.Errorf("%s: the policy is %q", target, policy)
		}
		if response.Header.Get("Content-Type") == "" {
			t.Errorf("%s has no content type", target)
		}
		etag := response.Header.Get("Etag")
		for _, known := range []string{etag, "W/" + etag, `"other", ` + etag} {
			again := get(t, "GET", target, http.Header{"If-None-Match": {known}})
			if body, _ := io.ReadAll(again.Body); again.StatusCode != http.StatusNotModified || len(body) > 0 {
				t.Errorf("%s, requested with If-None-Match: %s, is %d with %d bytes", target, known, again.StatusCode, len(body))
			}
		}
		if again := get(t, "GET", target, http.Header{"If-None-Match": {`"0123456789abcdef"`}}); again.StatusCode != http.StatusOK {
			t.Errorf("%s of another version is %d", target, again.StatusCode)
		}
	}
}

// References between files are relative, and their targets exist.
func TestReferences(t *testing.T) {
	reference := regexp.MustCompile(`(?:src|href)="([^"]*)"|from "([^"]*)"|new URL\("(\.[^"]*)", import|url\(([^)]+)\)`)
	assets := load()
	referenced := map[string]bool{"index.html": true}
	for name, a := range assets {
		for _, match := range reference.FindAllStringSubmatch(string(a.content), -1) {
			to := match[1] + match[2] + match[3] + match[4]
			file, ok := strings.CutPrefix(to, map[bool]string{true: ".ws/", false: "./"}[name == "index.html"])
			if _, exists := assets[file]; !ok || !exists {
				t.Errorf("%s refers to %s", name, to)
			}
			referenced[file] = true
		}
	}
	for name := range assets {
		if !referenced[name] {
			t.Errorf("nothing refers to %s", name)
		}
	}
}

// The policy blocks inline scripts and styles, so the page would break without an error.
func TestNothingIsInline(t *testing.T) {
	inline := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|javascript:|<script(?:[^>]*)>[^<]`)
	markup := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function`)
	for name, a := range load() {
		if path.Ext(name) == ".html" && inline.Match(a.content) {
			t.Errorf("%s has %q", name, inline.Find(a.content))
		}
		if path.Ext(name) == ".js" && markup.Match(a.content) {
			t.Errorf("%s turns text into markup: %q", name, markup.Find(a.content))
		}
	}
}

func TestPageIsSmall(t *testing.T) {
	const limit = 128 << 10
	size := 0
	for _, a := range load() {
		size += len(a.content)
	}
	if size > limit {
		t.Errorf("the page has %d bytes, want at most %d", size, limit)
	}
}
