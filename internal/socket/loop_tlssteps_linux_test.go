package socket

import (
	"runtime"
	"testing"
	"time"
)

// TestStepsOfTheLoop: a loop takes a step itself once one was brief, and not for a second after one
// of its own that was not.
func TestStepsOfTheLoop(t *testing.T) {
	const own, goroutines = true, false
	var s tlsSteps
	start := Instant(time.Hour)
	if s.expectBrief(start) {
		t.Error("the loop takes the first step")
	}
	for _, step := range []struct {
		at   time.Duration
		took time.Duration
		by   bool
		then bool // whether the loop takes the next one
	}{
		{0, 2 * time.Millisecond, goroutines, false},
		{0, time.Millisecond, goroutines, true},
		{0, 200 * time.Microsecond, own, true},
		{0, 2 * time.Millisecond, goroutines, false},
		{0, 0, goroutines, true},
		{1 * time.Second, time.Millisecond + 1, own, false},
		{1 * time.Second, time.Millisecond, goroutines, false},
		{2*time.Second - 1, time.Millisecond, goroutines, false},
		{2 * time.Second, 2 * time.Millisecond, goroutines, false},
		{2 * time.Second, time.Millisecond, goroutines, true},
		{2 * time.Second, -1, own, false}, // the thread changed
		{3 * time.Second, time.Millisecond, goroutines, true},
	} {
		now := start.Add(step.at)
		if step.by == own {
			s.tookOwn(step.took, now)
		} else {
			s.took(step.took)
		}
		if got := s.expectBrief(now); got != step.then {
			t.Errorf("at %v, after a step of %v, of the loop %t: the loop takes the next one: %t; want %t", step.at, step.took, step.by, got, step.then)
		}
	}
}

// TestStepsWhileOthersWait: a loop takes no step while an event, a connection in its queue or a
// handshake of a goroutine waits.
func TestStepsWhileOthersWait(t *testing.T) {
	for _, test := range []struct {
		events, queued, working int
		want                    bool
	}{
		{1, 0, 0, true}, // the event of the handshake itself
		{1, 1, 0, true}, // or its place in the queue
		{0, 1, 0, true},
		{2, 0, 0, false},
		{1, 2, 0, false},
		{1, 0, 1, false},
	} {
		l := &loop{waiter: &waiter{n: test.events}, queue: make([]*loopConn, test.queued), working: test.working, steps: tlsSteps{brief: true}}
		if got := l.takesSteps(); got != test.want {
			t.Errorf("%d events, %d in the queue, %d handshakes of goroutines: %t; want %t", test.events, test.queued, test.working, got, test.want)
		}
	}
}

// TestTakeStep: a step is taken, and its time is noted.
func TestTakeStep(t *testing.T) {
	for _, waits := range []bool{true, false} {
		l := &loop{now: 1}
		steps := 0
		h := &tlsHandshake{next: func() (struct{}, bool) {
			steps++
			return struct{}{}, waits
		}}
		if got := l.takeStep(h); got != waits || steps != 1 {
			t.Errorf("after %d steps, the handshake waits: %t; want %t after one", steps, got, waits)
		}
		if l.steps == (tlsSteps{}) { // brief, or in doubt on a machine that is very slow
			t.Error("the time of the step was not noted")
		}
	}
}

// TestThreadTime: the clock advances while the thread works.
func TestThreadTime(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := threadTime()
	if began <= 0 {
		t.Fatal(began)
	}
	for threadTime() == began {
	}
	if now := threadTime(); now < began {
		t.Errorf("%v after %v", now, began)
	}
}
