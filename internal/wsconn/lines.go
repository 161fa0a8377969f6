package wsconn

import (
	"log/slog"
	"sync"
	"time"

	"github.com/echosvc/echosvc/internal/socket"
)

// LogMode is LOG_CONNECTIONS: which ends of connections are logged.
type LogMode uint8

// The modes.
const (
	LogAll     LogMode = iota // every end
	LogSampled                // one per second, and those that were not clean
	LogNone                   // none
)

// maxLines is how many lines about connections are logged in a second. The others are counted,
// and the counts are logged, so that a flood does not fill the disk that has the log.
const maxLines = 100

// Lines decides which lines about connections are logged. Its methods may be called from
// any goroutine.
type Lines struct {
	mode  LogMode
	log   *slog.Logger
	after func(time.Duration, func()) // time.AfterFunc

	mu      sync.Mutex
	end     socket.Instant // of the current second
	written int            // lines in the current second
	sampled bool           // one of them is the sample of LogSampled
	omitted struct{ closed, unclean, refused int }
	armed   bool // lines were omitted, and Summarize will be called
}

// NewLines returns a Lines that logs summaries to log. after calls a function later, as
// time.AfterFunc does.
func NewLines(mode LogMode, log *slog.Logger, after func(time.Duration, func())) *Lines {
	return &Lines{mode: mode, log: log, after: after}
}

// closed reports whether the end of a connection is logged.
func (l *Lines) closed(now socket.Instant, clean bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mode == LogNone {
		return false
	}
	l.turn(now)
	if l.mode == LogAll || !clean || !l.sampled {
		if l.write() {
			l.sampled = l.sampled || clean
			return true
		}
	}
	l.omitted.closed++
	if !clean {
		l.omitted.unclean++
	}
	l.arm()
	return false
}

// Refused reports whether a refused request is logged, or a plain one that is dropped.
func (l *Lines) Refused(now socket.Instant) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn(now)
	if l.write() {
		return true
	}
	l.omitted.refused++
	l.arm()
	return false
}

// turn begins another second if the current one has ended.
func (l *Lines) turn(now socket.Instant) {
	if l.end.Reached(now) || l.end == 0 {
		l.end, l.written, l.sampled = now.Add(time.Second), 0, false
	}
}

// write counts a line, and reports whether it is within maxLines.
func (l *Lines) write() bool {
	if l.written < maxLines {
		l.written++
		return true
	}
	return false
}

// arm has the omitted lines summarized within a second.
func (l *Lines) arm() {
	if !l.armed {
		l.armed = true
		l.after(time.Second, l.Summarize)
	}
}

// Summarize logs how many lines were omitted, if any. It is called within a second after the first
// of them, and at the end of the process.
func (l *Lines) Summarize() {
	l.mu.Lock()
	omitted, some := l.omitted, l.armed
	l.omitted = struct{ closed, unclean, refused int }{}
	l.armed = false
	l.mu.Unlock()
	if some {
		l.log.Info("lines about connections were omitted", "closed", omitted.closed, "unclean", omitted.unclean, "refused", omitted.refused)
	}
}
