package service

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/wsconn"
	"github.com/echosvc/echosvc/internal/wstest"
)

// TestConnectionsForPeople: browsers get a page without script, whatever clients have sent.
func TestConnectionsForPeople(t *testing.T) {
	r := start(t, "portable", nil)
	const hostile = `"><script>alert(1)</script>`
	for range 3 {
		c := wstest.Connect(t, r.addr)
		c.Send([]byte(strings.Replace(wstest.Request("User-Agent: "+hostile, "Origin: "+hostile), "GET /", "GET /a'b", 1)))
		if err := c.SkipHead(); err != nil {
			t.Fatal(err)
		}
	}
	c := wstest.Dial(t, r.addr)
	c.Send(wstest.Frame(0x88, "\x03\xe8"))
	c.Expect(frame(0x88, "\x03\xe8"))
	c.ExpectEnd()
	c.Close()
	wstest.Eventually(t, "it is remembered", func() bool { return r.list("closed=1").Count == 1 })
	for _, test := range []struct{ target, want string }{
		{"/connections?limit=2&path=/a*", `<a href="connections?limit=2&amp;offset=2&amp;path=%2Fa%2A" rel="next">`},
		{"/connections?limit=2&offset=2", `<a href="connections?limit=2" rel="prev">`},
		{"/connections?sort=-bytes", `aria-sort="descending"><a href="connections?sort=bytes">Bytes`},
		{"/connections?client=10.0.0.0/8", "None, of 3 in all"},
		{"/connections?closed=1", `<td>client</td><td class="long">client</td>`},
		{"/", `<a href="connections">connections</a>`},
	} {
		request, err := http.NewRequest("GET", "http://"+r.health+test.target, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != 200 || !strings.Contains(string(body), test.want) || strings.Contains(string(body), "<script") {
			t.Errorf("%s is answered with %s, %v, %s; want %s", test.target, response.Status, err, body, test.want)
		}
		if h := response.Header; h.Get("Content-Type") != "text/html; charset=utf-8" || !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'; style-src 'sha256-") || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s has the header %v", test.target, h)
		}
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

// TestRow: rows of an open WebSocket and of ended ones, with texts of clients that are escaped.
func TestRow(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	const since = `<td title="2026-11-26 11:59:00 UTC">`
	open := wsconn.Info{ID: 7, Remote: "192.0.2.1:5", Path: "/a", Host: "h", Since: now.Add(-time.Minute), LastActivity: now, Messages: 1, Bytes: 2, Held: 3, State: "open"}
	proxied := open
	proxied.Client, proxied.Path, proxied.Origin, proxied.UserAgent, proxied.RTT = "198.51.100.9", `/"'<&`, "<b>", `"x"`, 5.125
	proxied.Extensions, proxied.Subprotocol, proxied.Controls = "permessage-deflate", "chat", "every=1s"
	clean, unclean := open, open
	clean.Ended = &wsconn.Ended{At: now.Add(-time.Second), DurationMS: 59_000, Code: 1000, Initiator: "client", Clean: true, Why: "client"}
	unclean.Ended = &wsconn.Ended{At: now, DurationMS: 0.5, Code: 1006, Initiator: "network", Why: "lost", Error: "<reset>"}
	for name, test := range map[string]struct {
		info wsconn.Info
		want string
	}{
		"open": {open, `<tr><td>7</td><td>192.0.2.1:5</td><td class="long">/a</td><td class="long">h</td>` + since +
			`1m0s</td><td>0s</td><td>1</td><td>2</td><td>3</td><td></td><td>open</td><td class="long"></td></tr>`},
		"proxied": {proxied, `<tr><td>7</td><td>198.51.100.9<div>by 192.0.2.1:5</div></td><td class="long">/&#34;&#39;&lt;&amp;</td>` +
			`<td class="long">h<div>&lt;b&gt;</div><div>&#34;x&#34;</div></td>` + since +
			`1m0s</td><td>0s</td><td>1</td><td>2</td><td>3</td><td>5.125ms</td><td>open</td><td class="long">permessage-deflate<div>chat</div><div>every=1s</div></td></tr>`},
		"clean": {clean, `<tr><td>7</td><td>192.0.2.1:5</td><td class="long">/a</td><td class="long">h</td>` + since +
			`1s</td><td>59s</td><td>1000</td><td>client</td><td class="long">client</td><td>1</td><td>2</td><td></td><td class="long"></td></tr>`},
		"unclean": {unclean, `<tr><td>7</td><td>192.0.2.1:5</td><td class="long">/a</td><td class="long">h</td>` + since +
			`0s</td><td>1ms</td><td class="bad">1006 unclean</td><td>network</td><td class="long">lost<div>&lt;reset&gt;</div></td><td>1</td><td>2</td><td></td><td class="long"></td></tr>`},
	} {
		var b strings.Builder
		if err := writeNodes(&b, row(&test.info, now)); err != nil || b.String() != test.want+"\n" {
			t.Errorf("%s: got %s, %v, want %s", name, b.String(), err, test.want)
		}
	}
}

func TestBrief(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 1234567 * time.Nanosecond: "1ms", 1260 * time.Millisecond: "1.3s",
		61*time.Second + 600*time.Millisecond: "1m2s", time.Hour: "1h0m", 3*time.Hour + 29*time.Second: "3h0m", 47 * time.Hour: "47h0m", 50 * time.Hour: "2d2h",
	} {
		if got := brief(d); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}
