package service

import (
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestRepeatedSignalsAreOne: what arrives within the window belongs to the first signal.
func TestRepeatedSignalsAreOne(t *testing.T) {
	tests := []struct {
		name    string
		signals []time.Duration // after the first
		ended   time.Duration   // when everything waited for has ended; 0 means never
		want    outcome
		at      time.Duration
	}{
		{"none", nil, 0, timedOut, time.Hour},
		{"ended first", nil, time.Minute, done, time.Minute},
		{"repeats", []time.Duration{1, time.Millisecond, time.Second, 1999 * time.Millisecond}, 0, timedOut, time.Hour},
		{"a repeat and a later one", []time.Duration{time.Millisecond, 3 * time.Second, 4 * time.Second}, 0, signalled, 3 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				signals, ended := make(chan os.Signal, len(test.signals)), make(chan struct{})
				for _, after := range test.signals {
					time.AfterFunc(after, func() { signals <- syscall.SIGTERM })
				}
				if test.ended > 0 {
					time.AfterFunc(test.ended, func() { close(ended) })
				}
				w := newWaiter(signals, repeatWindow)
				if got, at := w.wait(ended, time.Hour), time.Since(begin); got != test.want || at != test.at {
					t.Errorf("ended with %d after %v, want %d after %v", got, at, test.want, test.at)
				}
				time.Sleep(time.Minute) // lets the timers end, within the bubble
			})
		})
	}
}

// TestRepeatsOfALaterSignalAreOne: a program that signals twice does so each time, and its second pair
// must not take the last moment from clients that are closing.
func TestRepeatsOfALaterSignalAreOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		signals := make(chan os.Signal, 2)
		for _, after := range []time.Duration{3 * time.Second, 3*time.Second + 50*time.Millisecond} {
			time.AfterFunc(after, func() { signals <- syscall.SIGTERM })
		}
		w := newWaiter(signals, repeatWindow)
		if got, at := w.wait(nil, time.Hour), time.Since(begin); got != signalled || at != 3*time.Second {
			t.Errorf("the later signal: ended with %d after %v", got, at)
		}
		if got, at := w.wait(nil, lastMoment), time.Since(begin); got != timedOut || at != 4*time.Second {
			t.Errorf("its repeat: ended with %d after %v", got, at)
		}
	})
}
