package wsconn

import (
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wstest"
)

// admitted returns an Admission that has admitted n connections.
func admitted(t *testing.T, limit, n int) *Admission {
	t.Helper()
	a := NewAdmission(limit, "", budget.NewAccount(0), func() float64 { return 0.25 })
	for range n {
		if refusal := a.admit(); refusal != nil {
			t.Fatalf("refused with %+v", refusal)
		}
	}
	return a
}

// isClosed reports whether a channel is closed.
func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestAdmissionLimit(t *testing.T) {
	a := admitted(t, 2, 2)
	if refusal := a.admit(); refusal == nil || refusal.Status != 503 || refusal.Reason != ReasonFull {
		t.Errorf("the third of two connections: got %+v", refusal)
	}
	if a.Open() != 2 || a.Limit() != 2 {
		t.Errorf("%d open, limit %d; want 2, 2", a.Open(), a.Limit())
	}
	a.leave(true)
	if refusal := a.admit(); refusal != nil {
		t.Errorf("after one has ended, another is refused with %+v", refusal)
	}
	if a := admitted(t, 0, 1000); a.Open() != 1000 {
		t.Errorf("%d open without a limit, want 1000", a.Open())
	}
}

// TestAdmissionPhases: first readiness checks fail, then connections are refused and closed.
func TestAdmissionPhases(t *testing.T) {
	a := admitted(t, 0, 1)
	if !a.Ready() || a.DrainStarted() != 0 || a.closeAt(0) != 0 {
		t.Errorf("at first: ready %v, draining since %v, closes at %v", a.Ready(), a.DrainStarted(), a.closeAt(0))
	}
	a.StopAdvertising()
	if refusal := a.admit(); refusal != nil || a.Ready() || a.DrainStarted() != 0 || a.closeAt(0) != 0 {
		t.Errorf("not advertised: refusal %+v, ready %v, draining since %v, closes at %v", refusal, a.Ready(), a.DrainStarted(), a.closeAt(0))
	}
	a.Drain(beginning, 8*time.Second)
	if a.Ready() || a.DrainStarted() != beginning {
		t.Errorf("draining: ready %v, draining since %v", a.Ready(), a.DrainStarted())
	}
	if got, want := a.closeAt(0), beginning.Add(2*time.Second); got != want { // a quarter of the spread
		t.Errorf("closes at %v, want %v", got, want)
	}
	if refusal := a.admit(); refusal == nil || refusal.Status != 503 || refusal.Reason != ReasonDraining {
		t.Errorf("draining: got %+v, want a refusal", refusal)
	}
	a.StopAdvertising()
	if a.DrainStarted() != beginning || a.closeAt(0) == 0 {
		t.Error("StopAdvertising ended the drain")
	}
}

func TestAdmissionTally(t *testing.T) {
	a := admitted(t, 0, 4)
	a.leave(false) // before the drain
	empty := a.Drain(beginning, 0)
	a.leave(true)
	a.leave(false)
	if got, want := a.Tally(), (Tally{Total: 3, Clean: 1, Cut: 1}); got != want || isClosed(empty) {
		t.Errorf("with one open, the tally is %+v, want %+v; empty is %v", got, want, isClosed(empty))
	}
	a.leave(true)
	if got, want := a.Tally(), (Tally{Total: 3, Clean: 2, Cut: 1}); got != want || !isClosed(empty) {
		t.Errorf("with none open, the tally is %+v, want %+v; empty is %v", got, want, isClosed(empty))
	}
	if !isClosed(admitted(t, 0, 0).Drain(beginning, 0)) {
		t.Error("a drain without connections does not end")
	}
}

// TestDrainDoesNotCutWhatEndedItself: a connection that had its close frame for another reason counts
// as clean in the drain, although its own end is not. One that does not answer the drain's is cut.
func TestDrainDoesNotCutWhatEndedItself(t *testing.T) {
	unmasked := []byte("\x81\x02hi")
	for name, test := range map[string]struct {
		query string
		begin func(c *connTest)
		want  Tally
	}{
		"protocol error":            {"", func(c *connTest) { c.receive(unmasked) }, Tally{Total: 1, Clean: 1}},
		"protocol error, later":     {"", func(c *connTest) { c.drain(); c.receive(unmasked) }, Tally{Total: 1, Clean: 1}},
		"goodbye":                   {"", func(c *connTest) { c.receive(wstest.Frame(0x81, "bye")) }, Tally{Total: 1, Clean: 1}},
		"control close_after":       {"close_after=1", func(c *connTest) { c.receive(wstest.Frame(0x81, "x")) }, Tally{Total: 1, Clean: 1}},
		"control drop_after":        {"drop_after=1", func(c *connTest) { c.drain(); c.receive(wstest.Frame(0x81, "x")) }, Tally{Total: 1, Cut: 1}},
		"lost without a frame":      {"", func(*connTest) {}, Tally{Total: 1, Cut: 1}},
		"no answer to the drain":    {"", func(c *connTest) { c.drain(); c.wakeAt(500 * time.Millisecond) }, Tally{Total: 1, Cut: 1}},
		"protocol error after 1001": {"", func(c *connTest) { c.drain(); c.wakeAt(500 * time.Millisecond); c.receive(unmasked) }, Tally{Total: 1, Cut: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newConnTest(t, nil).openWith(upgrade(test.query))
			test.begin(c)
			c.drain()
			c.conn.Closed(c.now, nil)
			if got := c.server.Admission.Tally(); got != test.want {
				t.Errorf("the tally is %+v, want %+v", got, test.want)
			}
			if s := c.settings.Metrics.closed[0]; s.Clean {
				t.Errorf("the end is clean: %+v", s)
			}
		})
	}
}

// TestConnectionsOverTheLimitAreRefused with a 503 that names MAX_CONNECTIONS.
func TestConnectionsOverTheLimitAreRefused(t *testing.T) {
	c := newConnTest(t, func(c *settings) { c.MaxConnections = 1 }).open()
	second := c.another()
	second.receive([]byte(wstest.Request()))
	expectUnavailable(t, second, "MAX_CONNECTIONS=1;", "\r\nRetry-After: 5\r\n")
	c.receive(wstest.Frame(0x88, ""))
	c.do(c.conn.EndOfInput(c.now))
	c.another().open()
}

// TestConnectionsOverAComputedLimitAreRefused with a 503 that names what the limit follows from.
func TestConnectionsOverAComputedLimitAreRefused(t *testing.T) {
	c := newConnTest(t, func(c *settings) { c.MaxConnections, c.LimitedBy = 1, "its limit on open files" }).open()
	second := c.another()
	second.receive([]byte(wstest.Request()))
	expectUnavailable(t, second, "MAX_CONNECTIONS=1, which is what its limit on open files allows;")
}

// TestUpgradesDuringTheDrainAreRefused with a 503 that asks the client to retry.
func TestUpgradesDuringTheDrainAreRefused(t *testing.T) {
	c := newConnTest(t, nil)
	c.at(time.Second)
	c.drain()
	c.receive([]byte(wstest.Request()))
	expectUnavailable(t, c, "shutting down", "\r\nRetry-After: 1\r\n")
}

// expectUnavailable checks that an upgrade was answered with 503, which contains each part.
func expectUnavailable(t *testing.T, c *connTest, parts ...string) {
	t.Helper()
	got := string(c.sent)
	for _, part := range append(parts, "HTTP/1.1 503 ", "\r\nConnection: close\r\n") {
		if !strings.Contains(got, part) {
			t.Errorf("sent %q, which lacks %q", got, part)
		}
	}
	if c.step.Then != socket.ShutDown {
		t.Errorf("then %v", c.step.Then)
	}
}
