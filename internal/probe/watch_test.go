package probe

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// watch runs Watch for a time and returns the events.
func watch(t *testing.T, target *Target, duration time.Duration) (events []Event, healthy bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), duration)
	defer cancel()
	healthy = Watch(ctx, target, func(e Event) { events = append(events, e) })
	return events, healthy
}

// expectEvents compares the events. Each wanted one is a name and, after a colon, a part of the
// detail.
func expectEvents(t *testing.T, events []Event, want ...string) {
	t.Helper()
	for i, e := range events {
		if i >= len(want) {
			t.Errorf("extra event %s: %s", e.Event, e.Detail)
			continue
		}
		name, detail, _ := strings.Cut(want[i], ": ")
		if e.Event != name || !strings.Contains(e.Detail, detail) {
			t.Errorf("event %d is %s: %s; want %s", i, e.Event, e.Detail, want[i])
		}
	}
	if len(events) < len(want) {
		t.Errorf("%d events, want %d", len(events), len(want))
	}
}

// A server goes away, nothing serves for two seconds, then another server does.
func TestWatchSurvivesARollout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		p := &peer{controls: true, pod: "old", sendAway: 10 * time.Second}
		p.refuse = func(w http.ResponseWriter, r *http.Request) bool {
			switch age := time.Since(started); {
			case age < 10*time.Second:
				return false
			case age < 12*time.Second:
				return status(503, "no pod is ready")(w, r)
			}
			p.pod, p.sendAway = "new", 0
			return false
		}
		events, healthy := watch(t, p.serve(t), time.Minute)
		expectEvents(t, events, "connected: to old in", `lost: closed with 1001 (going away) "the server is shutting down", after 10.0 s`,
			"away: answered with 503 Service Unavailable", "connected: to new in", "end: watched for 60.0 s, connections: 2, disconnected for")
		if !healthy {
			t.Error("Watch reported a failure")
		}
		// Two seconds, plus a back-off whose limit has doubled at least four times by then.
		if away := events[3].AwayMS; away < 2000 || away > 2000+float64(maxBackoff.Milliseconds()) || events[3].Pod != "new" || events[1].Code != 1001 {
			t.Errorf("events %+v", events)
		}
	})
}

func TestWatchFails(t *testing.T) {
	greeted := func(p *peer) *peer { p.controls, p.pod = true, "a"; return p }
	echoes := 0
	tests := map[string]struct {
		peer *peer
		want []string
	}{
		"invalid close frame": {greeted(&peer{quirk: func(f frame) []frame {
			if echoes++; echoes == 2 {
				return []frame{{fin: true, opcode: 8, payload: []byte{0}}}
			}
			return []frame{f}
		}}), []string{"connected: to a", "lost: invalid close payload", "connected: without a connection", "end: connections: 2"}},
		"stops echoing": {greeted(&peer{quirk: func(f frame) []frame {
			if strings.HasPrefix(string(f.payload), "message 1 ") {
				return []frame{f}
			}
			return nil
		}}), []string{"connected: to a", "lost: no echo within 10s", "away: connected, but no echo: no message within 10s", "end: not connected at the end"}},
		"unreachable": {&peer{refuse: status(503, "")}, []string{"away: answered with 503", "end: connections: 0"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				events, healthy := watch(t, test.peer.serve(t), 45*time.Second)
				expectEvents(t, events, test.want...)
				if healthy {
					t.Error("Watch reported success")
				}
			})
		})
	}
}

// Watch works with a server that refuses controls, and with one that sends more than echoes.
func TestWatchOtherServers(t *testing.T) {
	tests := map[string]struct {
		peer *peer
		want []string
	}{
		"refuses controls": {&peer{refuse: func(w http.ResponseWriter, r *http.Request) bool {
			return r.URL.RawQuery != "" && status(400, "no")(w, r)
		}}, []string{"connected: in", "end: never disconnected"}},
		"sends more": {&peer{unsolicited: "welcome", quirk: func(f frame) []frame { return []frame{f, {fin: true, opcode: 1, payload: []byte("more")}} }},
			[]string{"connected: in", `unexpected: not an echo: text "more"`, "end: never disconnected"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				events, healthy := watch(t, test.peer.serve(t), 10*time.Second)
				expectEvents(t, events, test.want...)
				if !healthy {
					t.Error("Watch reported a failure")
				}
			})
		})
	}
}
