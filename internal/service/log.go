package service

import (
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/lmittmann/tint"
	"golang.org/x/term"
)

// NewLogger makes the logger that the configuration asks for. Times are UTC, in
// RFC 3339. Text has colours on a terminal, unless noColor.
func NewLogger(c Config, w io.Writer, noColor bool) *slog.Logger {
	terminal := isTerminal(w)
	if c.LogFormat == "json" || c.LogFormat == "auto" && !terminal {
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: c.LogLevel, ReplaceAttr: utc}))
	}
	return slog.New(tint.NewHandler(w, &tint.Options{
		Level:       c.LogLevel,
		TimeFormat:  time.RFC3339,
		NoColor:     noColor || !terminal,
		ReplaceAttr: utc,
	}))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// utc puts the time of a record into UTC.
func utc(groups []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey && len(groups) == 0 {
		a.Value = slog.TimeValue(a.Value.Time().UTC())
	}
	return a
}
