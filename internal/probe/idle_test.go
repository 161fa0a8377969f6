package probe

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// idle runs Idle and returns the checks by name.
func (p *peer) idle(t *testing.T, limit time.Duration) map[string]Check {
	t.Helper()
	return p.run(t, func(ctx context.Context, target *Target, emit func(Check)) {
		Idle(ctx, target, limit, emit, func(string) {})
	})
}

func TestIdleFindsTheTimer(t *testing.T) {
	tests := map[string]struct {
		peer  *peer
		limit time.Duration
		want  map[string]string // the beginning of each check: verdict and detail
	}{
		"cut": {&peer{controls: true, pod: "a", cutAfter: 5 * time.Second}, 10 * time.Second, map[string]string{
			"server pings": "ok: off, through the control ping=0", "idle 10s": "failed: ended without a close frame after 5.0 s",
			"idle time-out": "failed: 5.0 s: a connection idle for this long was ended without a close frame",
		}},
		"cut at a default": {&peer{cutAfter: time.Minute}, 5 * time.Minute, map[string]string{
			"server pings": "note: the server does not know", "idle 30s": "ok: alive", "idle 1m": "failed: ended without a close frame after 60.0 s",
			"idle 5m":       "failed: ended without a close frame after 60.0 s",
			"idle time-out": "failed: 60.0 s: a connection idle for this long was ended without a close frame; this is the default of nginx and ingress-nginx (proxy_read_timeout), AWS Application",
		}},
		"closed": {&peer{controls: true, pod: "a", sendAway: 20 * time.Second}, 30 * time.Second, map[string]string{
			"idle 15s": "ok: alive", "idle time-out": `failed: 20.0 s: a connection idle for this long was closed with 1001 (going away) "the server is shutting down"`,
		}},
		"a rollout": {&peer{controls: true, pod: "a", rollouts: []time.Duration{20 * time.Second}}, 30 * time.Second, map[string]string{
			"idle 15s": "ok: alive", "idle 30s": "ok: alive, after the server went away: 1", "idle time-out": "ok: none up to 30s",
		}},
		"rollouts without end": {&peer{controls: true, pod: "a", rollouts: []time.Duration{12 * time.Second, 23 * time.Second, 40 * time.Second}}, 15 * time.Second, map[string]string{
			"idle 10s": "ok: alive", "idle 15s": `note: closed with 1001 (going away) "the server is shutting down" after 12.0 s: the server went away`, "idle time-out": "note: unknown for 15s: the server went away 3 times",
		}},
		"cut after a rollout": {&peer{controls: true, pod: "a", rollouts: []time.Duration{8 * time.Second}, cutAfter: 9 * time.Second}, 15 * time.Second, map[string]string{
			"idle time-out": "failed: 9.0 s: a connection idle for this long was ended without a close frame",
		}},
		"forgotten": {&peer{controls: true, pod: "a", forgetAfter: 20 * time.Second}, 100 * time.Second, map[string]string{
			"idle 15s": "ok: alive", "idle 30s": "failed: open but dead: no message within 10s",
			"idle time-out": "failed: more than 15.0 s and at most 31.0 s: the connection was open but dead",
		}},
		"none": {&peer{controls: true, pod: "a"}, 10 * time.Minute, map[string]string{
			"idle 10m": "ok: alive", "idle time-out": "ok: none up to 10m",
		}},
		"pings off": {&peer{controls: true, pod: "a", pingEvery: 3 * time.Second, cutAfter: 10 * time.Second}, 15 * time.Second, map[string]string{
			"idle 15s": "failed: ended without a close frame after 10.0 s",
		}},
		"pings on": {&peer{pingEvery: 3 * time.Second, cutAfter: 10 * time.Second}, 15 * time.Second, map[string]string{
			"idle 15s": "ok: alive, pings from the server: 5", "idle time-out": "note: none up to 15s; but the server sent data",
		}},
		"controls refused": {&peer{refuse: func(w http.ResponseWriter, r *http.Request) bool {
			return r.URL.RawQuery != "" && status(400, "CONTROLS is false")(w, r)
		}}, 5 * time.Second, map[string]string{
			"server pings": "note: the server refuses controls (answered with 400 Bad Request, want 101; body: CONTROLS is false)", "idle 5s": "ok: alive",
		}},
		"one alone": {&peer{controls: true, pod: "a", refuse: func(w http.ResponseWriter, r *http.Request) bool {
			return !r.URL.Query().Has("greet") && status(503, "one at a time")(w, r)
		}}, 5 * time.Second, map[string]string{
			"idle 5s": "failed: answered with 503 Service Unavailable", "idle time-out": "failed: unknown: answered with 503",
		}},
		"unreachable": {&peer{refuse: status(502, "")}, 5 * time.Second, map[string]string{"server pings": "failed: answered with 502"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				checks := test.peer.idle(t, test.limit)
				for name, want := range test.want {
					if got := string(checks[name].Verdict) + ": " + checks[name].Detail; !strings.HasPrefix(got, want) {
						t.Errorf("%s: %q, want %q", name, got, want)
					}
				}
			})
		})
	}
}

func TestIdleFigures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		checks := (&peer{cutAfter: time.Minute}).idle(t, 2*time.Minute)
		data, _ := checks["idle time-out"].Data.(idleData)
		if data.CutAfter != 60 || data.Survived != 30 || data.DefaultOf == "" {
			t.Errorf("figures %+v, want cut after 60 s, survived 30 s, and a default", data)
		}
	})
}

func TestIdleInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := (&peer{}).serve(t)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		var last Check
		steps := 0
		Idle(ctx, target, time.Hour, func(c Check) { last = c }, func(string) { steps++ })
		if last.Verdict != Failed || last.Detail != "unknown: interrupted" || steps < 4 {
			t.Errorf("last check %+v, %d progress lines", last, steps)
		}
	})
}

func TestIdleStepsEndAtTheLimit(t *testing.T) {
	const s = time.Second
	for limit, want := range map[time.Duration][]time.Duration{
		5 * s:  {5 * s},
		10 * s: {10 * s},
		70 * s: {10 * s, 15 * s, 30 * s, 60 * s, 70 * s},
	} {
		if got := stepsTo(limit); !reflect.DeepEqual(got, want) {
			t.Errorf("%v: %v, want %v", limit, got, want)
		}
	}
}

func TestBrief(t *testing.T) {
	for d, want := range map[time.Duration]string{10 * time.Second: "10s", 5 * time.Minute: "5m", 24 * time.Hour: "24h", 90 * time.Second: "1m30s", 1500 * time.Millisecond: "1.5s"} {
		if got := brief(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}
