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
	l.Write([]byte("too late, and no harm\n"))
	if out.String() != want.String() || l.dropped.Load() != 0 {
		t.Errorf("got %q, %d dropped", out.String(), l.dropped.Load())
	}
}

// stuckWriter is a pipe that nobody reads, until it is closed.
type stuckWriter chan struct{}

func (w stuckWriter) Write(p []byte) (int, error) { <-w; return len(p), nil }

// TestLogWriterNeverWaits for a reader that does not read, neither to write nor, for
// long, at the end.
func TestLogWriterNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(stuckWriter)
		start := time.Now()
		l := newLogWriter(stuck)
		l.Write([]byte("the one that is stuck\n"))
		synctest.Wait()
		for range logBacklog + 10 {
			l.Write([]byte("line\n"))
		}
		if dropped := l.dropped.Load(); dropped != 10 || time.Since(start) != 0 {
			t.Errorf("%d dropped after %v, want 10 at once", dropped, time.Since(start))
		}
		l.flush()
		if took := time.Since(start); took != logFlushTimeout {
			t.Errorf("the end took %v, want %v", took, logFlushTimeout)
		}
		close(stuck)
		l.flush() // now it can end
	})
}
