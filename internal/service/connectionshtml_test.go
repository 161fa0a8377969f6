package service

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

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
	wstest.Eventually(t, "it is closed", func() bool { return r.admission.Open() == 3 })
	for _, test := range []struct{ target, want string }{
		{"/connections?limit=2&path=/a*", `<a href="connections?limit=2&amp;offset=2&amp;path=%2Fa%2A" rel="next">`},
		{"/connections?limit=2&offset=2", `<a href="connections?limit=2" rel="prev">`},
		{"/connections?sort=-bytes", `aria-sort="descending"><a href="connections?sort=bytes">Bytes`},
		{"/connections?client=10.0.0.0/8", "None, of 3 in all"},
		{"/connections?closed=1", `<td>client<td class="long">client`},
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
