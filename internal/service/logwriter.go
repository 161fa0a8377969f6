package service

import (
	"io"
	"sync/atomic"
	"time"
)

const (
	logBacklog      = 4096        // lines that may wait for a slow reader of the log
	logFlushTimeout = time.Second // how long the end of the process waits for them
)

// logWriter writes log lines in the background. Whoever logs never waits: when the reader
// of the log does not keep up, as a pipe that is full, lines are dropped and counted,
// and echo and drain go on.
type logWriter struct {
	lines   chan []byte
	dropped atomic.Int64
	written chan struct{} // closed when flush has been called and the lines before it are written
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
			w.Write(line) // there is nowhere to report an error to
		}
	}()
	return l
}

// Write takes a copy of a line. It never fails.
func (l *logWriter) Write(line []byte) (int, error) {
	select {
	case l.lines <- append([]byte{}, line...):
	default:
		l.dropped.Add(1)
	}
	return len(line), nil
}

// flush waits until the lines so far are written, but not for long. Lines that come later
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
