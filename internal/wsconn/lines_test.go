package wsconn

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// linesTest is a Lines under a clock that the test moves.
type linesTest struct {
	*Lines
	log     bytes.Buffer
	pending []func()
}

func newLinesTest(mode LogMode) *linesTest {
	l := &linesTest{}
	l.Lines = NewLines(mode, slog.New(slog.NewTextHandler(&l.log, nil)), func(_ time.Duration, f func()) { l.pending = append(l.pending, f) })
	return l
}

// summarize returns what is logged when the time of the summary has come.
func (l *linesTest) summarize() string {
	for _, f := range l.pending {
		f()
	}
	l.pending = nil
	return l.log.String()
}

func TestFloodIsSummarized(t *testing.T) {
	l := newLinesTest(LogAll)
	written := 0
	for i := range 1000 {
		now := beginning.Add(time.Duration(i) * time.Millisecond / 2) // within a second
		if l.closed(now, i%2 == 0) {
			written++
		}
		if l.Refused(now) {
			written++
		}
	}
	if written != maxLines || len(l.pending) != 1 {
		t.Errorf("%d lines were written, and %d summaries are pending", written, len(l.pending))
	}
	if got := l.summarize(); !strings.Contains(got, "closed=950 unclean=475 refused=950") {
		t.Errorf("the summary is %s", got)
	}
	if !l.closed(beginning.Add(time.Second), true) || len(l.pending) != 0 {
		t.Error("the next second is quiet, and its line was omitted")
	}
	before := l.log.Len()
	if l.Summarize(); l.log.Len() != before {
		t.Errorf("no line was omitted, and logged are %s", l.log.String()[before:])
	}
}

func TestLogModes(t *testing.T) {
	tests := []struct {
		mode LogMode
		want string // for clean, clean, unclean, refused; then for clean a second later
	}{
		{LogAll, "true true true true true"},
		{LogSampled, "true false true true true"},
		{LogNone, "false false false true false"},
	}
	for _, test := range tests {
		l := newLinesTest(test.mode)
		var got []string
		for _, logged := range []bool{l.closed(beginning, true), l.closed(beginning, true), l.closed(beginning, false), l.Refused(beginning), l.closed(beginning.Add(time.Second), true)} {
			got = append(got, map[bool]string{true: "true", false: "false"}[logged])
		}
		if joined := strings.Join(got, " "); joined != test.want {
			t.Errorf("mode %d: got %s, want %s", test.mode, joined, test.want)
		}
	}
}

// TestLogsHaveNoSecrets: what a client sends may be secret, and long.
func TestLogsHaveNoSecrets(t *testing.T) {
	long := strings.Repeat("hunter2", 1000)
	for _, request := range []string{
		upgrade("greet=hunter2"), upgrade("hunter2"), upgrade("a=b&" + long + "=1"), upgrade("token=hunter2"), upgrade("close_in=1s&close_reason=hunter2&subprotocol=hunter2"),
		upgrade("", "Sec-WebSocket-Protocol: hunter2 x"), upgrade("", "Sec-WebSocket-Protocol: "+long), upgrade("", "Sec-WebSocket-Extensions: hunter2;;"),
		upgrade("", "hunter2 without a colon"), upgrade("", "Origin: hunter2", "Sec-WebSocket-Version: hunter2"), upgrade("", "Sec-WebSocket-Key: hunter2"),
		upgrade("", "Content-Length: hunter2"), "GET /hunter2 hunter2\r\n\r\n", "GET /" + strings.Repeat(long, 10) + " HTTP/1.1\r\n", "hunter2\r\n\r\n",
	} {
		c := newConnTest(t, nil)
		c.server.Log = slog.New(slog.NewJSONHandler(&c.log, nil)) // at info
		c.receive([]byte(request))
		if c.conn.stage == stageOpen {
			c.do(c.conn.EndOfInput(c.now))
		}
		line := c.log.String()
		if strings.Contains(line, "hunter2") || len(line) > 300+len("connection closed and its figures") || line == "" {
			t.Errorf("%.60q is logged as %s", request, line)
		}
	}
}
