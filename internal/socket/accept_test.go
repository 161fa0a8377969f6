package socket

import (
	"bytes"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// failingListener fails a number of accepts between connections.
type failingListener struct {
	net.Listener
	failures []int         // how many accepts fail before each connection
	idle     time.Duration // how long each accept takes
	accepted []time.Time
}

func (l *failingListener) Accept() (net.Conn, error) {
	if len(l.failures) == 0 {
		return nil, net.ErrClosed
	}
	time.Sleep(l.idle) // of the bubble
	if l.failures[0] > 0 {
		l.failures[0]--
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	l.failures = l.failures[1:]
	l.accepted = append(l.accepted, time.Now())
	return nil, nil
}

// TestAcceptSurvivesEMFILE: it pauses for at most a second, logs that once, and goes on.
func TestAcceptSurvivesEMFILE(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		backoff := &acceptBackoff{log: slog.New(slog.NewTextHandler(&log, nil))}
		ln := &failingListener{failures: []int{0, 20, 0, 1}}
		start := time.Now()
		served := 0
		acceptAll(ln, backoff, always, func(net.Conn) { served++ })
		if served != 4 {
			t.Errorf("%d connections served, want 4", served)
		}
		if took := ln.accepted[1].Sub(start); took < 10*time.Second || took > 20*time.Second {
			t.Errorf("20 failures took %v, want pauses that grow to one second each", took)
		}
		if took := ln.accepted[3].Sub(ln.accepted[2]); took != minAcceptPause {
			t.Errorf("the next failure took %v, want the shortest pause", took)
		}
		if warned := strings.Count(log.String(), "cannot accept"); warned != 1 || strings.Contains(log.String(), "again\"\n") {
			t.Errorf("logged %d times, want once:\n%s", warned, log.String())
		}
		if failures := backoff.failures.Load(); failures != 21 || !backoff.short() {
			t.Errorf("%d failures are counted, short is %v; want 21, true", failures, backoff.short())
		}
		time.Sleep(acceptRecovery + 1) // of the bubble
		if backoff.short() {
			t.Error("accepting still counts as short after 5 s without a failure")
		}
		ln.failures, ln.idle = []int{0, 0, 1}, 2*acceptRecovery
		acceptAll(ln, backoff, always, func(net.Conn) {})
		if warned := strings.Count(log.String(), "cannot accept"); warned != 2 {
			t.Errorf("logged %d times, want once more for a failure much later:\n%s", warned, log.String())
		}
	})
}

// always accepts.
func always() error { return nil }
