package service

import (
	"bytes"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/config"
)

func TestLogFormats(t *testing.T) {
	tests := []struct {
		format  string
		noColor bool
		want    string
	}{
		{"json", false, `^\{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","level":"INFO","msg":"hello","a":1\}\n$`},
		{"auto", false, `^\{"time":"`}, // not a terminal
		{"text", true, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INF hello a=1\n$`},
		{"text", false, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INF hello a=1\n$`}, // no colors into a file
	}
	for _, test := range tests {
		var out bytes.Buffer
		log, _, flush := NewLogger(config.Config{LogFormat: config.LogFormat(test.format)}, &out, test.noColor)
		log.Info("hello", "a", 1)
		flush()
		if !regexp.MustCompile(test.want).Match(out.Bytes()) {
			t.Errorf("%s: %q does not match %s", test.format, out.String(), test.want)
		}
	}
}

// TestTimesHaveOneWidth: zeros at the end are not left out.
func TestTimesHaveOneWidth(t *testing.T) {
	for at, want := range map[time.Time]string{
		time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC):                            "2026-01-02T03:04:05.000Z",
		time.Date(2026, 1, 2, 3, 4, 5, 120_999_999, time.UTC):                  "2026-01-02T03:04:05.120Z",
		time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("elsewhere", 2*3600)): "2026-01-02T01:04:05.000Z",
	} {
		if got := utcText(nil, slog.Time(slog.TimeKey, at)).Value.String(); got != want {
			t.Errorf("JSON has %s, want %s", got, want)
		}
		if got := standOut(unmarked)(nil, slog.Time(slog.TimeKey, at)).Value.Time().Format(timeFormat); got != want {
			t.Errorf("text has %s, want %s", got, want)
		}
	}
}

// TestBadEndsStandOut on a terminal, in red or with an exclamation mark, and only they. Programs
// that read the text find the names of the fields as they are.
func TestBadEndsStandOut(t *testing.T) {
	text := func(terminal, noColor bool, attrs ...any) string {
		var out bytes.Buffer
		slog.New(newTextHandler(&out, slog.LevelInfo, terminal, noColor)).Info("connection closed", attrs...)
		return out.String()
	}
	const red, escape, mark = ";91m", "\x1b", " !"
	for name, test := range map[string]struct {
		attrs []any
		bad   int // attributes that stand out
	}{
		"clean":            {[]any{"code", 1000, "initiator", "client", "clean", true}, 0},
		"no answer":        {[]any{"code", 1001, "initiator", "server", "clean", false}, 1},
		"no close frame":   {[]any{"code", 1006, "initiator", "nobody", "clean", false, "cause", "read: connection reset by peer"}, 3},
		"a protocol error": {[]any{"code", 1002, "initiator", "server", "clean", false, "protocol_error", "unmasked_frame"}, 2},
	} {
		for _, where := range []struct {
			terminal, noColor bool
			reds, marks       int
			colors            bool
		}{
			{true, false, test.bad, 0, true},
			{true, true, 0, test.bad, false},
			{false, false, 0, 0, false},
			{false, true, 0, 0, false},
		} {
			got := text(where.terminal, where.noColor, test.attrs...)
			if strings.Count(got, red) != where.reds || strings.Count(got, mark) != where.marks || strings.Contains(got, escape) != where.colors {
				t.Errorf("%s, %+v: %q", name, where, got)
			}
		}
	}
}
