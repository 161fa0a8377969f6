package wsconn

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
	"github.com/echosvc/echosvc/internal/wstest"
)

// withControls opens a WebSocket with a query.
func withControls(t *testing.T, query string, change func(*settings)) *connTest {
	t.Helper()
	return newConnTest(t, change).openWith(upgrade(query))
}

// TestConnectionWithoutControls has no state for them. TestConnSize bounds its size.
func TestConnectionWithoutControls(t *testing.T) {
	for _, target := range []string{"/", "/?", "/path"} {
		c := newConnTest(t, nil)
		c.receive([]byte(strings.Replace(wstest.Request(), "GET / ", "GET "+target+" ", 1)))
		if c.conn.behavior() != nil || c.conn.stage != stageOpen {
			t.Errorf("%s: the connection has controls, or is not open: %q", target, c.sent)
		}
	}
}

func TestParseControls(t *testing.T) {
	tests := []struct {
		query string
		get   func(*controls) any
		want  any // nil if the query is refused
	}{
		{"greet=1", func(k *controls) any { return k.greet }, true},
		{"greet=0", func(k *controls) any { return k.greet }, false},
		{"greet=yes", nil, nil},
		{"greet", nil, nil},
		{"delay=250ms", func(k *controls) any { return k.delay }, 250 * time.Millisecond},
		{"delay=1m", func(k *controls) any { return k.delay }, time.Minute},
		{"delay=61s", nil, nil},
		{"delay=-1s", nil, nil},
		{"delay=250", nil, nil},
		{"close_after=3", func(k *controls) any { return k.closing }, ending{3, never}},
		{"close_after=0", nil, nil},
		{"close_after=2147483648", nil, nil},
		{"close_in=0", func(k *controls) any { return k.closing }, ending{0, 0}},
		{"close_in=25h", nil, nil},
		{"close_after=1&close_code=4999", func(k *controls) any { return k.closeCode }, wsproto.CloseCode(4999)},
		{"close_code=1012&close_in=10s", func(k *controls) any { return k.closeCode }, wsproto.CloseServiceRestart},
		{"close_after=1&close_code=1005", nil, nil},
		{"close_after=1&close_code=1006", nil, nil},
		{"close_after=1&close_code=1010", nil, nil}, // the client's
		{"close_after=1&close_code=1015", nil, nil},
		{"close_after=1&close_code=2000", nil, nil},
		{"close_after=1&close_code=999", nil, nil},
		{"close_after=1&close_code=5000", nil, nil},
		{"close_after=1&close_code=66536", nil, nil},
		{"close_code=1000", nil, nil}, // without a close
		{"close_reason=x", nil, nil},
		{"close_after=1&close_reason=so+long%2C+%CF%80", func(k *controls) any { return k.closeReason }, "so long, π"},
		{"close_after=1&close_reason=" + strings.Repeat("x", 123), func(k *controls) any { return len(k.closeReason) }, 123},
		{"close_after=1&close_reason=" + strings.Repeat("x", 124), nil, nil},
		{"close_after=1&close_reason=%ff", nil, nil},
		{"close_after=1&close_reason=%f", nil, nil},
		{"drop_after=1&drop_in=1s", func(k *controls) any { return k.drop }, ending{1, time.Second}},
		{"drop_after=x", nil, nil},
		{"drop_in=", nil, nil},
		{"reset_after=1&reset_in=1s", func(k *controls) any { return k.reset }, ending{1, time.Second}},
		{"reset_after=1.5", nil, nil},
		{"reset_in=soon", nil, nil},
		{"stall_in=0", func(k *controls) any { return k.stallIn }, time.Duration(0)},
		{"stall_in=x", nil, nil},
		{"ping=5s", func(k *controls) any { return k.ping }, 5 * time.Second},
		{"ping=0", func(k *controls) any { return k.ping }, time.Duration(0)},
		{"ping=9ms", nil, nil},
		{"ping=", nil, nil},
		{"pong=0", func(k *controls) any { return k.answerPings }, false},
		{"pong=1", func(k *controls) any { return k.answerPings }, true},
		{"pong=2", nil, nil},
		{"fragment=1", func(k *controls) any { return k.fragment }, 1},
		{"fragment=0", nil, nil},
		{"fragment=1KiB", nil, nil},
		{"deflate=0", func(k *controls) any { return k.deflate }, false},
		{"deflate=1", func(k *controls) any { return k.deflate }, true},
		{"deflate=off", nil, nil},
		{"subprotocol=v1.chat", func(k *controls) any { return k.subprotocol }, "v1.chat"},
		{"subprotocol=none", func(k *controls) any { return k.subprotocol }, "none"},
		{"subprotocol=a,b", nil, nil},
		{"subprotocol=a%0d%0aX:y", nil, nil},
		{"subprotocol=", nil, nil},
		{"every=10ms", func(k *controls) any { return k.every }, 10 * time.Millisecond},
		{"every=0", nil, nil},
		{"close=ignore", func(k *controls) any { return k.ignoreClose }, true},
		{"close=1000", nil, nil},
		{"&&greet=1&", func(k *controls) any { return k.greet }, true},
		{"gr%65et=1", func(k *controls) any { return k.greet }, true},
		{"greet=1&greet=1", nil, nil},
		{"Greet=1", nil, nil},
		{"refuse=503", func(k *controls) any { return k.refuse }, 503},
		{"refuse=400", func(k *controls) any { return k.refuse }, 400},
		{"refuse=599", func(k *controls) any { return k.refuse }, 599},
		{"refuse=399", nil, nil},
		{"refuse=600", nil, nil},
		{"refuse=", nil, nil},
		{"refuse=503.0", nil, nil},
		{"refuse=503&refuse_after=0", func(k *controls) any { return k.refuseAfter }, 0},
		{"refuse_after=86400&refuse=503", func(k *controls) any { return k.refuseAfter }, 86400},
		{"refuse=503", func(k *controls) any { return k.refuseAfter }, -1},
		{"refuse=503&refuse_after=86401", nil, nil},
		{"refuse=503&refuse_after=-1", nil, nil},
		{"refuse=503&refuse_after=5s", nil, nil},
		{"refuse_after=5", nil, nil}, // without refuse
		{"token=x&greet=1&_=1", func(k *controls) any { return k.greet }, true},
		{"greet=1?", nil, nil},
		{"greet=1&gr%eet=1", func(k *controls) any { return k.greet }, true},
		{"greet=1&=1", func(k *controls) any { return k.greet }, true},
	}
	for _, test := range tests {
		t.Run(test.query, func(t *testing.T) {
			k, _, refusal := parseControls("/any/path?"+test.query, true)
			if test.want == nil {
				if refusal == nil || refusal.Status != 400 || !strings.HasSuffix(refusal.Text, controlTable.Refuse("").Text) {
					t.Errorf("got %+v, %+v; want a refusal that lists the controls", k, refusal)
				}
				return
			}
			if refusal != nil {
				t.Fatal(refusal.Text)
			}
			if got := test.get(k); !reflect.DeepEqual(got, test.want) || k.query != test.query {
				t.Errorf("got %v of %q, want %v", got, k.query, test.want)
			}
		})
	}
}

// TestRefusedControlsAreExplained: the refusal has the name, the value and what is allowed,
// but no value that may be a secret.
func TestRefusedControlsAreExplained(t *testing.T) {
	tests := []struct{ query, want string }{
		{"delay=soon", `the control delay is "soon"; it must be a duration from 0 to 1m0s, such as 250ms.`},
		{"close_after=1&close_code=1006", `the control close_code is "1006"; it must be a close code that a server may send, `},
		{"greet=1&clos_in=hunter2", `the query has "clos_in", which is not a control of this server; the control is called close_in.`},
		{"token=hunter2&CloseAfter=1", `the query has "CloseAfter", which is not a control of this server; the control is called close_after.`},
		{"refuse_after=5", "refuse_after needs refuse."},
		{"ping=0&ping=5s", "the control ping twice."},
		{"close_code=4000", "close_code and close_reason need close_after or close_in."},
	}
	for _, test := range tests {
		c := newConnTest(t, nil)
		c.receive([]byte(upgrade(test.query)))
		got := string(c.sent)
		if !strings.HasPrefix(got, "HTTP/1.1 400 Bad Request\r\n") || !strings.Contains(got, test.want) || strings.Contains(got+c.log.String(), "hunter2") || c.step.Then != socket.ShutDown {
			t.Errorf("%s is answered with %q", test.query, got)
		}
		if c.server.Admission.Open() != 0 {
			t.Errorf("%s: the refused upgrade was counted as a connection", test.query)
		}
	}
}

// TestForeignQueriesAreIgnored: the connection opens without controls, however many
// parameters there are.
func TestForeignQueriesAreIgnored(t *testing.T) {
	for _, query := range []string{
		"token=abc", "EIO=4&transport=websocket", "encoding=text", "room=1", "_=1", "_page=1f", "id=x&v=2&user=%ff", "state=1&code=2",
		"&&", "=", "=&=", "token", "%zz=1", "a?b=/c", "delayed_start=1", strings.Repeat("a=b&", 1000), strings.Repeat("&", 1000),
	} {
		if c := withControls(t, query, nil); c.conn.behavior() != nil {
			t.Errorf("%s: the connection has controls", query)
		}
	}
	if c := withControls(t, strings.Repeat("a=b&", 1000)+"close=ignore", nil); c.conn.behavior() == nil {
		t.Error("a control after 1,000 other parameters is ignored")
	}
}

// TestIgnoredNamesAreListed in the greeting and in the log line at the end, without values.
func TestIgnoredNamesAreListed(t *testing.T) {
	tests := []struct {
		query string
		off   bool // CONTROLS=false
		want  any
	}{
		{"", false, nil},
		{"pong=0", false, nil},
		{"token=hunter2&room=1&token=hunter2", false, "token,room"},
		{"room=1&pong=0&_=hunter2", false, "room,_"},
		{"pong=0&room=1", true, "pong,room"},
	}
	for _, test := range tests {
		c := withControls(t, test.query, func(s *settings) { s.Controls = !test.off })
		c.do(c.conn.EndOfInput(c.now))
		if got := c.closed()["ignored"]; got != test.want || strings.Contains(c.log.String(), "hunter2") {
			t.Errorf("%s: logged %v, want %v", test.query, got, test.want)
		}
	}
	got := greeted(t, newConnTest(t, nil), upgrade("token=hunter2&greet=1&room=1"))
	if !slices.Equal(got.Ignored, []string{"token", "room"}) {
		t.Errorf("the greeting has %q", got.Ignored)
	}
}

func TestControlsSwitchedOff(t *testing.T) {
	off := func(c *settings) { c.Controls = false }
	for _, query := range []string{"token=x", "a&b=%zz&&c", "x=greet", "greet=1&refuse=503", "close_on=1", "delay=soon"} {
		if c := withControls(t, query, off); c.conn.behavior() != nil {
			t.Errorf("%s: the connection has controls", query)
		}
	}
}

func TestSubprotocolByControl(t *testing.T) {
	for query, want := range map[string]string{
		"subprotocol=other": "Sec-WebSocket-Protocol: other\r\n", // not offered
		"subprotocol=b":     "Sec-WebSocket-Protocol: b\r\n",
		"subprotocol=none":  "",
		"greet=0":           "Sec-WebSocket-Protocol: a\r\n",
	} {
		c := newConnTest(t, nil)
		c.receive([]byte(upgrade(query, "Sec-WebSocket-Protocol: a, b")))
		got := regexp.MustCompile("Sec-WebSocket-Protocol: .*\r\n").FindString(string(c.sent))
		if got != want {
			t.Errorf("%s: sent %q, want %q", query, got, want)
		}
	}
}

func TestNoCompressionByControl(t *testing.T) {
	for query, want := range map[string]bool{"deflate=0": false, "deflate=1": true, "greet=0": true} {
		c := newConnTest(t, nil)
		c.receive([]byte(upgrade(query, "Sec-WebSocket-Extensions: permessage-deflate")))
		if got := strings.Contains(string(c.sent), "permessage-deflate"); got != want {
			t.Errorf("%s: sent %q", query, c.sent)
		}
		if want {
			continue
		}
		c.sent = nil
		c.receive([]byte("\xc1\x80abcd")) // RSV1 without an extension
		if !strings.HasPrefix(string(c.sent[2:]), "\x03\xea") {
			t.Errorf("a compressed message is answered with %q", c.sent)
		}
	}
}

// TestControlsAreListed in /connections, and in the log line at the end.
func TestControlsAreListed(t *testing.T) {
	c := withControls(t, "pong=0&close=ignore", nil)
	if v := c.conn.View(0); v.controls != "pong=0&close=ignore" {
		t.Errorf("listed as %+v", v)
	}
	c.do(c.conn.EndOfInput(c.now))
	if got := c.closed(); got["controls"] != "pong,close" {
		t.Errorf("logged %v", got)
	}
}

// TestDocsHaveEveryControl: docs/controls.md has the controls in the order of controlTable.
func TestDocsHaveEveryControl(t *testing.T) {
	page, err := os.ReadFile("../../docs/controls.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## Every control\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var documented, known []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]+`) \\|").FindAllStringSubmatch(section, -1) {
		for _, example := range regexp.MustCompile("`([a-z_]+)=[^`]*`").FindAllStringSubmatch(row[1], -1) {
			documented = append(documented, example[1])
		}
	}
	for _, control := range controlTable {
		known = append(known, control.Name)
	}
	if !reflect.DeepEqual(documented, known) {
		t.Errorf("docs/controls.md has the controls %v, want %v", documented, known)
	}
}
