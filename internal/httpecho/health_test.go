package httpecho

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestHealthPaths: a path that stands for a health check is answered and counted as one.
func TestHealthPaths(t *testing.T) {
	for path, want := range map[string]string{
		"/healthz": "/healthz", "/readyz": "/readyz", "/readyz/": "/readyz", "/healthz/": "/healthz",
		"//readyz": "/readyz", "/readyz//": "/readyz", "/./healthz": "/healthz", "/readyz/.": "/readyz", "///healthz///": "/healthz",
		"": "", "/": "", "//": "", "*": "", "healthz": "", "/healthz/x": "", "/x/healthz": "", "/a/../healthz": "", "/healthz/..": "",
		"/Healthz": "", "/readyz;x": "", "/readyz ": "", "/healthz.html": "",
	} {
		if got := healthPath(path); got != want {
			t.Errorf("%q stands for %q, want %q", path, got, want)
		}
	}
}

func TestCleanHealthPaths(t *testing.T) {
	var got string
	h := CleanHealthPaths(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.URL.EscapedPath() + "?" + r.URL.RawQuery }))
	for target, want := range map[string]string{
		"//readyz?x=1": "/readyz?x=1", "/%72eadyz": "/%72eadyz?", "/healthz%2f": "/healthz?", "//x": "//x?", "/a/../readyz": "/a/../readyz?",
	} {
		r := httptest.NewRequest(http.MethodGet, "http://x"+target, nil)
		if h.ServeHTTP(nil, r); got != want {
			t.Errorf("%s is passed on as %s, want %s", target, got, want)
		}
	}
}
