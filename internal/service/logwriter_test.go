package service

import (
	"bytes"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestLogWriterKeepsTheOrder(t *testing.T) {
	var out bytes.Buffer
	l := newLogWriter(&out)
	var want bytes.Buffer
	for i := range 100 {
		line := fmt.Appendf(nil, "line %d\n", i)
		want.Write(line)
		l.Write(line)
		clear(line) // the writer has its own copy
	}
	l.flush()
	l.Write([]byte("after flush: discarded\n"))
	if out.String() != want.String() || l.dropped.Load() != 0 {
		t.Errorf("got %q, %d dropped", out.String(), l.dropped.Load())
	}
}

// stuckWriter is a writer that blocks until the channel is closed.
type stuckWriter chan struct{}

func (w stuckWriter) Write(p []byte) (int, error) { <-w; return len(p), nil }

// TestLogWriterNeverBlocks: Write does not wait for a stuck reader, and flush only up to
// logFlushTimeout.
func TestLogWriterNeverBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(stuckWriter)
		start := time.Now()
		l := newLogWriter(stuck)
		l.Write([]byte("stuck\n"))
		synctest.Wait()
		for range logBacklog + 10 {
			l.Write([]byte("line\n"))
		}
		if dropped := l.dropped.Load(); dropped != 10 || time.Since(start) != 0 {
			t.Errorf("%d lines dropped after %v, want 10 after 0s", dropped, time.Since(start))
		}
		l.flush()
		if took := time.Since(start); took != logFlushTimeout {
			t.Errorf("flush took %v, want %v", took, logFlushTimeout)
		}
		close(stuck)
		l.flush() // ends the goroutine
	})
}
