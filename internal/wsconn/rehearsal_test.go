package wsconn

import (
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/socket"
)

// TestRehearsal: a drain that is taken back, and another after it. A connection whose instant
// of the first drain has not come gets another in the second.
func TestRehearsal(t *testing.T) {
	c := newConnTest(t, func(s *settings) { s.PingInterval = 0 })
	a := c.server.Admission
	if _, ok := a.RehearseDrain(c.now, time.Second); ok || a.EndRehearsal() {
		t.Error("a rehearsal is in progress at the start")
	}
	c.open()
	if !a.StartRehearsal() || a.Ready() || a.StartRehearsal() {
		t.Error("a rehearsal does not start, or starts twice")
	}
	c.another().open()
	_, ok := a.RehearseDrain(c.now, 10*time.Second)
	if !ok || a.admit() == nil || isClosed(a.Draining()) {
		t.Error("the rehearsal is not a drain, or ends plain requests")
	}
	c.do(c.conn.Wake(c.now, nil)) // plans to close after 5 s
	if got, want := c.conn.NextWake(), beginning.Add(5*time.Second); got != want {
		t.Fatalf("wakes at %v, want %v", got, want)
	}
	c.at(time.Second)
	if !a.EndRehearsal() || !a.Ready() || a.DrainStarted() != 0 || a.EndRehearsal() {
		t.Error("the rehearsal is not taken back, or is taken back twice")
	}
	c.at(5 * time.Second)
	c.do(c.conn.Wake(c.now, nil))
	c.expect(socket.Read)
	if got := c.conn.NextWake(); got != 0 {
		t.Errorf("wakes at %v, want never", got)
	}

	c.another().open()
	a.StartRehearsal()
	empty, _ := a.RehearseDrain(c.now, 0)
	if got := a.Tally(); got != (Tally{Total: 3}) {
		t.Errorf("the tally is %+v", got)
	}
	c.do(c.conn.Wake(c.now, nil))
	c.expect(socket.Read, "\x88\x1d\x03\xe9the server is shutting down")
	a.leave(true)
	a.leave(true)
	a.leave(false)
	if clean, cut := a.Drained(); clean != 2 || cut != 1 || !isClosed(empty) {
		t.Errorf("%d are clean and %d cut; empty is %v", clean, cut, isClosed(empty))
	}
}

// TestPlannedInstantOfAnEarlierDrain does not close a connection at once in a later one.
func TestPlannedInstantOfAnEarlierDrain(t *testing.T) {
	a := admitted(t, 0, 1) // closes after a quarter of the spread
	a.StartRehearsal()
	a.RehearseDrain(beginning, 4*time.Second)
	planned := a.closeAt(0)
	a.EndRehearsal()
	a.StartRehearsal()
	later := beginning.Add(time.Minute)
	a.RehearseDrain(later, 8*time.Second)
	if got, want := a.closeAt(planned), later.Add(2*time.Second); got != want {
		t.Errorf("closes at %v, want %v", got, want)
	}
}

// TestDrainTakesTheRehearsalsPlace, in every phase of it.
func TestDrainTakesTheRehearsalsPlace(t *testing.T) {
	for _, rehearsing := range []bool{false, true} {
		a := admitted(t, 0, 2)
		a.StartRehearsal()
		if rehearsing {
			a.RehearseDrain(beginning, time.Hour)
			a.leave(true)
		}
		a.StopAdvertising()
		if _, ok := a.RehearseDrain(beginning, 0); ok || a.EndRehearsal() || a.StartRehearsal() {
			t.Error("the rehearsal goes on while the process ends")
		}
		later := beginning.Add(time.Minute)
		open := a.Open()
		empty := a.Drain(later, 4*time.Second)
		if got := a.closeAt(0); got != later.Add(time.Second) || !isClosed(a.Draining()) || a.EndRehearsal() {
			t.Errorf("a connection closes at %v", got)
		}
		for range open {
			a.leave(true)
		}
		if clean, _ := a.Drained(); clean != 2 || a.Tally() != (Tally{Total: open, Clean: open}) || !isClosed(empty) {
			t.Errorf("the tally is %+v; in all %d were clean; empty is %v", a.Tally(), clean, isClosed(empty))
		}
	}
}

// TestSetReady makes readiness checks fail, and nothing else.
func TestSetReady(t *testing.T) {
	a := admitted(t, 0, 1)
	a.SetReady(false)
	if a.Ready() || a.admit() != nil || a.closeAt(0) != 0 {
		t.Error("it is ready, refuses a connection, or closes one")
	}
	a.SetReady(true)
	if !a.Ready() {
		t.Error("it is not ready")
	}
	a.SetReady(false)
	a.StopAdvertising()
	a.SetReady(true)
	if a.Ready() {
		t.Error("it is ready while the process ends")
	}
}
