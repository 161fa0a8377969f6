package service

import (
	"io"
	"sync/atomic"
	"time"
)

const (
	logBacklog      = 4096        // lines that may wait for a slow reader of the log
	logFlushTimeout = time.Second // how long the process waits for them when it ends
)

// logWriter writes log lines in the background, so that logging never blocks the echo or
// the drain. When the reader of the log does not keep up, as with a full pipe, lines are
// dropped and counted.
type logWriter struct {
	lines   chan []byte
	dropped atomic.Int64
	written chan struct{} // closed after flush, once the lines before it are written
}

// newLogWriter starts to write to w.
func newLogWriter(w io.Writer) *logWriter {
	l := &logWriter{lines: make(chan []byte, logBacklog), written: make(chan struct{})}
	go func() {
		defer close(l.written)
		for line := range l.lines {
			if line == nil { // from flush
				return
			}
			w.Write(line) // an error could only be reported to the log
		}
	}()
	return l
}

// Write queues a copy of the line. It never blocks or fails.
func (l *logWriter) Write(line []byte) (int, error) {
	select {
	case l.lines <- append([]byte{}, line...):
	default:
		l.dropped.Add(1)
	}
	return len(line), nil
}

// makeRoom drops the oldest line if the queue is full, so that the next one is not dropped.
func (l *logWriter) makeRoom() {
	if len(l.lines) < cap(l.lines) {
		return
	}
	select {
	case <-l.lines:
		l.dropped.Add(1)
	default: // written meanwhile
	}
}

// flush waits until the lines so far are written, for at most logFlushTimeout. Later lines
// are lost: a request may still be logged while the process ends.
func (l *logWriter) flush() {
	timeout := time.After(logFlushTimeout)
	select {
	case l.lines <- nil:
	case <-timeout:
		return
	}
	select {
	case <-l.written:
	case <-timeout:
	}
}
