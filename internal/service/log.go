package service

import (
	"io"
	"log/slog"
	"os"

	"github.com/lmittmann/tint"
	"golang.org/x/term"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// timeFormat is RFC 3339 with milliseconds, all of one width.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// NewLogger returns the logger that the configuration describes. Times are UTC. Text on a
// terminal has colors unless noColor is set, and connections that ended badly stand out in
// either case.
//
// Logging never waits for w: lines are dropped instead. dropped returns how many so far. flush
// ends the logger, and waits up to logFlushTimeout for w.
func NewLogger(c config.Config, w io.Writer, noColor bool) (log *slog.Logger, dropped func() int64, flush func()) {
	terminal := isTerminal(w)
	writer := newLogWriter(w)
	var handler slog.Handler
	if c.LogFormat == "json" || c.LogFormat == "auto" && !terminal {
		handler = slog.NewJSONHandler(writer, &slog.HandlerOptions{Level: c.LogLevel, ReplaceAttr: utcText})
	} else {
		handler = newTextHandler(writer, c.LogLevel, terminal, noColor)
	}
	log = slog.New(handler)
	return log, writer.dropped.Load, func() {
		if writer.dropped.Load() > 0 {
			writer.makeRoom()
			log.Warn("log lines were dropped, because the log was not read", "count", writer.dropped.Load())
		}
		writer.flush()
	}
}

// newTextHandler returns the handler of LOG_FORMAT=text.
func newTextHandler(w io.Writer, level slog.Leveler, terminal, noColor bool) slog.Handler {
	mark := inRed
	switch {
	case !terminal:
		mark = unmarked
	case noColor:
		mark = withMark
	}
	return tint.NewTextHandler(w, &tint.Options{
		Level:       level,
		TimeFormat:  timeFormat,
		NoColor:     noColor || !terminal,
		ReplaceAttr: standOut(mark),
	})
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// utcText converts the time of a record to UTC, in timeFormat.
func utcText(groups []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey && len(groups) == 0 {
		a.Value = slog.StringValue(a.Value.Time().UTC().Format(timeFormat))
	}
	return a
}

// brightRed is a color of terminals, as package tint numbers them.
const brightRed = 9

// An attribute that shows that a connection ended badly is red on a terminal, and has an
// exclamation mark before it on one without colors. Text for programs has no mark.

func inRed(a slog.Attr) slog.Attr    { return tint.Attr(brightRed, a) }
func withMark(a slog.Attr) slog.Attr { return slog.Attr{Key: "!" + a.Key, Value: a.Value} }
func unmarked(a slog.Attr) slog.Attr { return a }

// standOut converts the time of a record to UTC, and marks what shows that a connection ended
// badly: without a close frame from each side, or because of a protocol error.
func standOut(mark func(slog.Attr) slog.Attr) func(groups []string, a slog.Attr) slog.Attr {
	return func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) > 0 {
			return a
		}
		bad := false
		switch a.Key {
		case slog.TimeKey:
			a.Value = slog.TimeValue(a.Value.Time().UTC())
		case "clean":
			bad = a.Value.Kind() == slog.KindBool && !a.Value.Bool()
		case "code":
			bad = a.Value.Kind() == slog.KindInt64 && a.Value.Int64() == int64(wsproto.CloseAbnormalClosure)
		case "protocol_error", "cause":
			bad = true
		}
		if bad {
			return mark(a)
		}
		return a
	}
}
