package probe

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestWait(t *testing.T) {
	tests := map[string]struct {
		startsAfter time.Duration
		cancelAfter time.Duration
		verdict     Verdict
		detail, id  string
	}{
		"at once":     {0, time.Hour, OK, "attempt 1", ""},
		"late":        {12 * time.Second, time.Hour, OK, "an echo came back after 12.", ""},
		"too late":    {40 * time.Second, time.Hour, Failed, "no echo within 30s: answered with 503", "unavailable"},
		"interrupted": {40 * time.Second, 5 * time.Second, Failed, "interrupted", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				started, lines := time.Now(), []string{}
				p := faithful()
				p.refuse = func(w http.ResponseWriter, r *http.Request) bool {
					return time.Since(started) < test.startsAfter && status(503, "starting")(w, r)
				}
				var healthy bool
				checks := p.run(t, func(ctx context.Context, target *Target, emit func(Check)) {
					ctx, cancel := context.WithTimeout(ctx, test.cancelAfter)
					defer cancel()
					healthy = Wait(ctx, target, 30*time.Second, emit, func(line string) { lines = append(lines, line) })
				})
				expect(t, checks, "wait", test.verdict, test.detail)
				if healthy != (test.verdict == OK) || time.Since(started) > 31*time.Second {
					t.Errorf("%v after %v", healthy, time.Since(started))
				}
				if d := checks["wait"].Diagnoses; (len(d) == 1) != (test.id != "") || len(d) == 1 && d[0].ID != test.id {
					t.Errorf("%v", d)
				}
				if test.startsAfter > 0 && (len(lines) == 0 || !strings.HasPrefix(lines[0], "waiting for 0 s of 30s: answered with 503")) {
					t.Errorf("progress %q", lines)
				}
			})
		})
	}
}

// A path that accepts connections and passes nothing on is not well, and one attempt does not
// use up the whole wait.
func TestWaitNeedsAnEcho(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := faithful()
		p.quirk = func(frame) []frame { return nil }
		expect(t, p.run(t, func(ctx context.Context, target *Target, emit func(Check)) {
			Wait(ctx, target, 25*time.Second, emit, func(string) {})
		}), "wait", Failed, "no echo within 25s: connected, but no echo: no message within 10s")
	})
}
