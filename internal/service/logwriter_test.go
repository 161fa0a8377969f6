package service

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/echosvc/echosvc/internal/config"
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

// lateWriter is a writer that blocks until the channel is closed, and keeps what it is given.
type lateWriter struct {
	opened chan struct{}
	bytes.Buffer
}

func (w *lateWriter) Write(p []byte) (int, error) { <-w.opened; return w.Buffer.Write(p) }

// TestLastLineCountsTheDropped, even if the queue is still full at the end. One more line makes
// room for it.
func TestLastLineCountsTheDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := &lateWriter{opened: make(chan struct{})}
		log, _, flush := NewLogger(config.Config{LogFormat: "json"}, late, false)
		log.Info("first")
		synctest.Wait()
		for range logBacklog + 10 {
			log.Info("hello")
		}
		time.AfterFunc(logFlushTimeout/2, func() { close(late.opened) })
		flush()
		lines := strings.Split(strings.TrimSpace(late.String()), "\n")
		if last := lines[len(lines)-1]; len(lines) != 1+logBacklog || !strings.Contains(last, `"count":11`) {
			t.Errorf("%d lines, the last one is %s", len(lines), last)
		}
	})
}

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
