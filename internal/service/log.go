package service

import (
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/lmittmann/tint"
	"golang.org/x/term"

	"github.com/echosvc/echosvc/internal/config"
)

// NewLogger returns the logger that the configuration describes. Times are UTC, in RFC
// 3339. Text on a terminal has colours unless noColor is set. Logging never waits for w.
// dropped returns how many lines were dropped for that reason so far. flush ends the logger,
// and waits up to logFlushTimeout for w.
func NewLogger(c config.Config, w io.Writer, noColor bool) (log *slog.Logger, dropped func() int64, flush func()) {
	terminal := isTerminal(w)
	writer := newLogWriter(w)
	var handler slog.Handler
	if c.LogFormat == "json" || c.LogFormat == "auto" && !terminal {
		handler = slog.NewJSONHandler(writer, &slog.HandlerOptions{Level: c.LogLevel, ReplaceAttr: utc})
	} else {
		handler = tint.NewTextHandler(writer, &tint.Options{
			Level:       c.LogLevel,
			TimeFormat:  time.RFC3339,
			NoColor:     noColor || !terminal,
			ReplaceAttr: utc,
		})
	}
	log = slog.New(handler)
	return log, writer.dropped.Load, func() {
		if dropped := writer.dropped.Load(); dropped > 0 {
			log.Warn("log lines were dropped, because the log was not read", "count", dropped)
		}
		writer.flush()
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// utc converts the time of a record to UTC.
func utc(groups []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey && len(groups) == 0 {
		a.Value = slog.TimeValue(a.Value.Time().UTC())
	}
	return a
}
