package wsconn

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/query"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
	"github.com/echosvc/echosvc/internal/wstest"
)

const attemptID = "0123456789abcdef"

// TestAttemptsAreRemembered: the outcome of each request that has an id can be looked up.
func TestAttemptsAreRemembered(t *testing.T) {
	upgradeTo := func(target string, fields ...string) string {
		return strings.Replace(wstest.Request(fields...), "GET / ", "GET "+target+" ", 1)
	}
	marked := "/?_page=" + attemptID
	for name, test := range map[string]struct {
		head string
		want Attempt // without Text
		text string  // part of Text
	}{
		"accepted":                   {upgradeTo(marked), Attempt{Outcome: OutcomeAccepted}, ""},
		"accepted, with controls":    {upgradeTo("/any/path?greet=1&_page=" + attemptID + "&ping=0"), Attempt{Outcome: OutcomeAccepted}, ""},
		"a control is malformed":     {upgradeTo(marked + "&delay=soon"), Attempt{Outcome: OutcomeRefused, Status: 400, Reason: query.ReasonControl}, "delay"},
		"no Upgrade":                 {strings.Replace(upgradeTo(marked), "Upgrade: websocket\r\n", "", 1), Attempt{Outcome: OutcomeRefused, Status: 400, Reason: wsproto.ReasonUpgrade}, "proxy_set_header Upgrade"},
		"refused as asked":           {upgradeTo(marked + "&refuse=503"), Attempt{Outcome: OutcomeRefused, Status: 503, Reason: ReasonRefuse}, "refuse=503"},
		"after an empty line":        {"\r\n" + strings.Replace(upgradeTo(marked), "Upgrade: websocket\r\n", "", 1), Attempt{Outcome: OutcomeRefused, Status: 400, Reason: wsproto.ReasonUpgrade}, ""},
		"HTTP/1.0":                   {strings.Replace(upgradeTo(marked), "HTTP/1.1", "HTTP/1.0", 1), Attempt{Outcome: OutcomeRefused, Status: 400, Reason: wsproto.ReasonHTTPVersion}, "proxy_http_version"},
		"no field of a WebSocket":    {"GET " + marked + " HTTP/1.1\r\nHost: x\r\n\r\n", Attempt{Outcome: OutcomePlain}, ""},
		"a malformed line":           {upgradeTo(marked, "Cookie; secret"), Attempt{Outcome: OutcomeRefused, Status: 400, Reason: wsproto.ReasonMalformed}, "header line"},
		"too many fields":            {"GET " + marked + " HTTP/1.1\r\n" + strings.Repeat("A: b\r\n", 2000) + "\r\n", Attempt{Outcome: OutcomeRefused, Status: 431, Reason: wsproto.ReasonTooLarge}, "header fields"},
		"no id":                      {upgradeTo("/?greet=1"), Attempt{Outcome: OutcomeAbsent}, ""},
		"the end of another name":    {upgradeTo("/x_page=" + attemptID), Attempt{Outcome: OutcomeAbsent}, ""},
		"the id in a header field":   {upgradeTo("/", "X: ?_page="+attemptID), Attempt{Outcome: OutcomeAbsent}, ""},
		"another character in an id": {upgradeTo(marked + "%20"), Attempt{Outcome: OutcomeAbsent}, ""},
		"an id that is too long":     {upgradeTo(marked + strings.Repeat("0", maxID)), Attempt{Outcome: OutcomeAbsent}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := newConnTest(t, nil)
			c.receive([]byte(test.head))
			got := c.server.Attempts.Lookup(c.now, attemptID)
			if !strings.Contains(got.Text, test.text) || strings.Contains(got.Text, "secret") {
				t.Errorf("the text is %q, want one with %q", got.Text, test.text)
			}
			got.Text = ""
			if got != test.want {
				t.Errorf("the attempt is %+v, want %+v; sent %q", got, test.want, c.sent)
			}
		})
	}
}

func TestAttemptsAreForgottenAfterAMinute(t *testing.T) {
	a, now := &Attempts{}, socket.Instant(1)
	name := func(i int) string { return fmt.Sprintf("%016d", i) }
	expect := func(name string, want Outcome) {
		t.Helper()
		if got := a.Lookup(now, name).Outcome; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	expect("", OutcomeAbsent)
	a.served(now, "/?_page="+name(0), OutcomeAccepted)
	expect(name(0), OutcomeAccepted)
	now = now.Add(attemptsKept - 1)
	expect(name(0), OutcomeAccepted)
	now = now.Add(1)
	expect(name(0), OutcomeAbsent)

	for i := range maxAttempts {
		a.served(now, "/?_page="+name(i), OutcomeAccepted)
	}
	expect(name(0), OutcomeAccepted)
	expect(name(-1), OutcomeAbsent) // what made room was a minute old
	now = now.Add(time.Second)
	a.served(now, "/?_page="+name(maxAttempts), OutcomePlain)
	expect(name(0), OutcomeUnknown)
	expect(name(1), OutcomeAccepted)
	expect(name(maxAttempts), OutcomePlain)
	now = now.Add(attemptsKept)
	expect(name(0), OutcomeAbsent)
}

// TestAttemptTextIsBounded: a refusal may quote much of the request.
func TestAttemptTextIsBounded(t *testing.T) {
	a := &Attempts{}
	refusal := wsproto.Refuse(403, wsproto.ReasonOrigin, "%s", strings.Repeat("ä", maxAttemptText))
	a.refused(1, attemptID, refusal)
	if got := a.Lookup(1, attemptID); len(got.Text) > maxAttemptText+3 || !strings.HasSuffix(got.Text, "...") {
		t.Errorf("the text has %d bytes: %.20q", len(got.Text), got.Text)
	}
}
