package service

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/requestinfo"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsconn"
	"github.com/echosvc/echosvc/internal/wstest"
)

func TestHandleAttempts(t *testing.T) {
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) })
	now := func() socket.Instant { return socket.Instant(3 * time.Second) }
	handler := handleAttempts(next, &wsconn.Attempts{}, now, requestinfo.Identity{Pod: "pod", Version: "v"})
	const id = "0123456789abcdef"
	for _, test := range []struct {
		method, target string
		status         int
		body           string
	}{
		{"GET", "/.ws/upgrade?id=" + id, 200, `{"outcome":"absent","up":3,"pod":"pod","version":"v"}`},
		{"GET", "/a/prefix/.ws/upgrade?id=" + id, 200, `{"outcome":"absent","up":3,"pod":"pod","version":"v"}`},
		{"GET", "/.ws/upgrade", 400, "The id must be 16 to 64 letters, digits and hyphens"},
		{"GET", "/.ws/upgrade?id=<b>", 400, "The id must be"},
		{"HEAD", "/.ws/upgrade?id=" + id, 200, ""}, // RFC 9110 section 9.3.2: as GET
		{"HEAD", "/.ws/upgrade", 400, ""},
		{"POST", "/.ws/upgrade?id=" + id, 418, ""},
		{"GET", "/upgrade?id=" + id, 418, ""},
		{"GET", "/.ws/upgrade/?id=" + id, 418, ""},
	} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(test.method, test.target, nil))
		if got := w.Body.String(); w.Code != test.status || !strings.HasPrefix(got, test.body) {
			t.Errorf("%s %s is %d %q, want %d %q", test.method, test.target, w.Code, got, test.status, test.body)
		}
		if w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s %s may be read by pages of other origins", test.method, test.target)
		}
	}
}

// TestAttemptIsFound: the page learns why its upgrade was refused.
func TestAttemptIsFound(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		const id = "0123456789abcdef"
		c := wstest.Connect(t, r.addr)
		c.Send([]byte("GET /?_page=" + id + " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n"))
		if got := c.Response().StatusCode; got != http.StatusBadRequest {
			t.Fatalf("the upgrade was answered with %d", got)
		}
		response, err := http.Get("http://" + r.addr + "/.ws/upgrade?id=" + id)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var got attempt
		if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
			t.Fatal(err)
		}
		if got.Outcome != wsconn.OutcomeRefused || got.Status != 400 || got.Reason != "connection" || !strings.Contains(got.Text, "Connection: Upgrade") || got.Version != "test" {
			t.Errorf("the answer is %+v", got)
		}
	})
}
