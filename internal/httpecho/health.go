package httpecho

import (
	"net/http"
	"path"
	"strings"
)

// healthPath returns the path of the health check that a path stands for, or "". Extra slashes,
// as from a base URL that ends in one, and segments of one dot make no difference.
func healthPath(requested string) string {
	if strings.Contains(requested, "..") {
		return ""
	}
	switch clean := path.Clean(requested); clean {
	case "/healthz", "/readyz":
		return clean
	}
	return ""
}

// CleanHealthPaths wraps h so that it gets the path of a health check in one form. Otherwise an
// [http.ServeMux] redirects, and some load balancers take a redirect for healthy.
func CleanHealthPaths(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if clean := healthPath(r.URL.Path); clean != "" && clean != r.URL.Path {
			r = r.Clone(r.Context())
			r.URL.Path, r.URL.RawPath = clean, ""
		}
		h.ServeHTTP(w, r)
	})
}
