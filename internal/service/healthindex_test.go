package service

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// TestIndex lists what is switched on, as text and as HTML.
func TestIndex(t *testing.T) {
	for _, test := range []struct {
		actions, profiles bool
		accept            string
		want, without     string
	}{
		{false, false, "*/*", "\n/connections?closed=1\n", "drain"},
		{false, false, "*/*", "PORT, which is 8080", "pprof"},
		{true, false, "*/*", "\nDELETE /drain\n", "pprof"},
		{false, true, "*/*", "\n/debug/pprof/\n", "drain"},
		{true, true, "text/html,*/*;q=0.8", `<a href="debug/pprof/">debug/pprof/</a>`, "<script"},
		{true, false, "text/html,*/*;q=0.8", "<dt>POST /drain</dt><dd>", "pprof"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept", test.accept)
		w := httptest.NewRecorder()
		indexHandler(entries(test.actions, test.profiles), "PORT, which is 8080").ServeHTTP(w, r)
		if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, test.want) || strings.Contains(body, test.without) {
			t.Errorf("%+v is answered with %d %s", test, w.Code, body)
		}
	}
}
