package probe

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// export runs an Exporter for a time and returns what it serves meanwhile.
func export(t *testing.T, target *Target, duration time.Duration) (series string, healthy bool) {
	t.Helper()
	e := NewExporter(target)
	ctx, cancel := context.WithTimeout(t.Context(), duration)
	defer cancel()
	served := make(chan string, 1)
	time.AfterFunc(duration-time.Millisecond, func() {
		w := httptest.NewRecorder()
		e.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		if problems, err := testutil.GatherAndLint(e.registry); err != nil || len(problems) > 0 {
			t.Errorf("lint: %v, %v", problems, err)
		}
		served <- w.Body.String()
	})
	healthy = e.Watch(ctx, func(Event) {})
	return <-served, healthy
}

// TestExporter: each series, for servers and paths of every kind.
func TestExporter(t *testing.T) {
	for name, test := range map[string]struct {
		peer     func() *peer
		duration time.Duration
		want     []string // beginnings of lines, after echosvc_probe_ and without the target
	}{
		"a healthy path": {func() *peer { return &peer{controls: true, pod: "a", delay: 3 * time.Millisecond} }, 100 * time.Second, []string{
			"up 1", "connects_total 1", "connect_failures_total 0", "idle_timeout_seconds 0", `ends_total{code="1006"} 0`, `ends_total{code="4xxx"} 0`,
			"away_seconds_count 0", "rtt_seconds_count 99", `rtt_seconds_bucket{le="0.0025"} 0`, `rtt_seconds_bucket{le="0.005"} 99`,
		}},
		"a proxy that cuts silent connections": {func() *peer { return &peer{controls: true, pod: "a", cutAfter: 30 * time.Second} }, 90 * time.Second, []string{
			"up 1", "connects_total 1", "idle_timeout_seconds 30", `ends_total{code="1006"} 0`,
		}},
		"a server without controls": {func() *peer {
			return &peer{cutAfter: 30 * time.Second, refuse: func(w http.ResponseWriter, r *http.Request) bool {
				return r.URL.RawQuery != "" && status(400, "no")(w, r)
			}}
		}, 90 * time.Second, []string{"up 1", "idle_timeout_seconds 30"}},
		"a server that goes away": {func() *peer { return &peer{controls: true, pod: "a", sendAway: 20 * time.Second} }, 30 * time.Second, []string{
			"up 1", "connects_total 2", `ends_total{code="1001"} 1`, "away_seconds_count 1", "idle_timeout_seconds 0",
		}},
		"no server": {func() *peer { return &peer{refuse: status(503, "")} }, 3 * time.Second, []string{
			"up 0", "connects_total 0", `ends_total{code="1006"} 0`, "away_seconds_count 0",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				target := test.peer().serve(t)
				series, healthy := export(t, target, test.duration)
				if healthy != (name != "no server") {
					t.Errorf("Watch returned %v", healthy)
				}
				label := `target="` + target.URL.String() + `"`
				series = strings.NewReplacer("{"+label+"}", "", ","+label, "", label+",", "").Replace(series)
				for _, want := range test.want {
					if !strings.Contains(series, "\nechosvc_probe_"+want+"\n") {
						t.Errorf("there is no %s in %s", want, series)
					}
				}
			})
		})
	}
}

// TestTargetLabel has no secrets.
func TestTargetLabel(t *testing.T) {
	target, err := NewTarget("wss://example.com/path?token=secret")
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	NewExporter(target).Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if body := w.Body.String(); strings.Contains(body, "secret") || !strings.Contains(body, `target="wss://example.com/path"`) {
		t.Errorf("the series are %s", body)
	}
}

// TestCodeLabels are a fixed set.
func TestCodeLabels(t *testing.T) {
	for code, want := range map[int]string{-1: "1006", 0: "1006", 1000: "1000", 1014: "1014", 1015: "1006", 2999: "1006", 3000: "3xxx", 4000: "4xxx", 4999: "4xxx"} {
		if got := codeLabel(code); got != want {
			t.Errorf("%d is %s, want %s", code, got, want)
		}
	}
}
