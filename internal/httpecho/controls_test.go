package httpecho

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/wsproto"
	"github.com/echosvc/echosvc/internal/wstest"
)

// page is a page that every request for / gets.
func page(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Write([]byte("the page"))
		} else {
			next.ServeHTTP(w, r)
		}
	})
}

// serveControls serves a Handler whose delays end when the test sends to elapsed or closes
// draining. waits has the length of each delay that begins.
func serveControls(t *testing.T, off bool) (addr string, waits chan time.Duration, elapsed chan time.Time, draining chan struct{}) {
	t.Helper()
	waits, elapsed, draining = make(chan time.Duration, 1), make(chan time.Time), make(chan struct{})
	policy := wsproto.Policy{AnyOrigin: true}
	addr = serveConfig(t, Config{
		Policy: &policy, Page: page, Controls: !off, Draining: draining,
		After: func(d time.Duration) <-chan time.Time { waits <- d; return elapsed },
	}, nil, wstest.Patience, Limits{})
	return addr, waits, elapsed, draining
}

func get(target string, lines ...string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: x\r\n" + strings.Join(append(lines, ""), "\r\n") + "\r\n"
}

func TestControls(t *testing.T) {
	addr, _, _, _ := serveControls(t, false)
	tests := []struct {
		name, request string
		status        int
		body          string            // a part of it; empty if there is none
		fields        map[string]string // empty if the field must not be there
	}{
		{"status", get("/x?status=503"), 503, `"target": "/x?status=503"`, map[string]string{"Retry-After": ""}},
		{"status beside others", get("/x?a=b&status=418&token=1"), 418, `"name": "token"`, nil},
		{"status for the root", get("/?status=500"), 500, `"target": "/?status=500"`, nil},
		{"status for curl", get("/?status=500", "Accept: */*"), 500, `"target"`, nil},
		{"status for POST", "POST /x?status=201 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nb", 201, `"text": "b"`, nil},
		{"status below /ws", get("/ws?status=404"), 404, `"target"`, nil},
		{"200", get("/x?status=200"), 200, `"target"`, nil},
		{"204 has no content", get("/x?status=204"), 204, "", map[string]string{"Content-Type": "", "Content-Length": ""}},
		{"205 has no content", get("/x?status=205"), 205, "", map[string]string{"Content-Length": "0"}},
		{"304 has no content", get("/x?status=304"), 304, "", nil},
		{"301", get("/x?status=301"), 301, `"target"`, map[string]string{"Location": ""}},
		{"401", get("/x?status=401"), 401, `"target"`, map[string]string{"Www-Authenticate": "Bearer"}},
		{"405", get("/x?status=405"), 405, `"target"`, map[string]string{"Allow": methods}},
		{"407", get("/x?status=407"), 407, `"target"`, map[string]string{"Proxy-Authenticate": "Bearer"}},
		{"426", get("/x?status=426"), 426, `"target"`, map[string]string{"Upgrade": "websocket", "Sec-Websocket-Version": "13"}},
		{"599", get("/x?status=599"), 599, `"target"`, nil},
		{"199", get("/x?status=199"), 400, `the control status is "199"; it must be an HTTP status from 200 to 599. The controls are status=503, delay=250ms, drop=1`, nil},
		{"600", get("/x?status=600"), 400, "must be an HTTP status", nil},
		{"not a number", get("/x?status=5O3"), 400, "must be an HTTP status", nil},
		{"status of an API", get("/x?status=active"), 200, `"value": "active"`, nil},
		{"statuses of an API", get("/x?status=open&status=in_review_2&status="), 200, `"value": "in_review_2"`, nil},
		{"status of an API and the control", get("/x?status=active&status=503"), 503, `"target"`, nil},
		{"delay of an API", get("/x?delay=low&delay="), 200, `"value": "low"`, nil},
		{"drop of an API", get("/x?drop=shipping"), 200, `"value": "shipping"`, nil},
		{"twice", get("/x?status=500&status=500"), 400, "twice", nil},
		{"delay without a unit", get("/x?delay=5"), 400, "the control delay is", nil},
		{"delay too long", get("/x?delay=61s"), 400, "0 to 1m0s", nil},
		{"no delay", get("/x?delay=0"), 200, `"target"`, nil},
		{"drop that is no number", get("/x?drop=yes"), 400, "the control drop is", nil},
		{"no drop", get("/x?drop=0"), 200, `"target"`, nil},
		{"near misses and others", get("/x?stats=1&Status=500&relay=1&close_in=5s&refuse=503"), 200, `"name": "Status"`, nil},
		{"page of a browser", get("/?delay=1m&drop=1&status=500", "Accept: text/html,*/*;q=0.8"), 200, "the page", nil},
		{"file of the page", get("/a/.ws/x?delay=1m", "Accept: Text/HTML"), 200, `"target"`, nil},
		{"page without a control", get("/"), 200, "the page", nil},
		{"health", get("/healthz?status=500&drop=1"), 200, "ok", nil},
		{"preflight", "OPTIONS /x?status=500 HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example\r\nAccess-Control-Request-Method: PUT\r\n\r\n", 204, "", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := ask(t, addr, test.request)
			if a.code != test.status || !strings.Contains(a.body, test.body) || test.body == "" && a.body != "" || a.header.Get("Date") == "" {
				t.Errorf("answered with %s, %v, %s", a.status, a.header, a.body)
			}
			for name, want := range test.fields {
				if got := a.header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestControlsOff(t *testing.T) {
	addr, _, _, _ := serveControls(t, true)
	for _, query := range []string{"status=503", "delay=1m", "drop=1", "status=active"} {
		if a := ask(t, addr, get("/x?"+query)); a.code != 200 || !strings.Contains(a.body, query) {
			t.Errorf("%s is answered with %s", query, a.status)
		}
	}
}

// TestDelay: the answer comes when the time has passed, with the requested status.
func TestDelay(t *testing.T) {
	addr, waits, elapsed, _ := serveControls(t, false)
	c := wstest.Connect(t, addr)
	c.Send([]byte("POST /x?delay=1m&status=503 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na"))
	if got := <-waits; got != time.Minute {
		t.Errorf("waits %v", got)
	}
	elapsed <- time.Time{}
	c.Send([]byte("b"))
	if r := c.Response(); r.StatusCode != 503 {
		t.Errorf("answered with %s", r.Status)
	}
}

// TestDrainEndsDelays: delayed requests are answered, and later ones are not delayed.
func TestDrainEndsDelays(t *testing.T) {
	addr, waits, _, draining := serveControls(t, false)
	c := wstest.Connect(t, addr)
	c.Send([]byte(get("/x?delay=1m")))
	<-waits
	close(draining)
	if r := c.Response(); r.StatusCode != 200 {
		t.Errorf("answered with %s", r.Status)
	}
	if a := ask(t, addr, get("/x?delay=1m")); a.code != 200 {
		t.Errorf("during the drain: %s", a.status)
	}
}

// TestClientThatLeavesEndsItsDelay, so that it does not count towards MAX_REQUESTS.
func TestClientThatLeavesEndsItsDelay(t *testing.T) {
	waits := make(chan time.Duration, 1)
	h := controlled{after: func(d time.Duration) <-chan time.Time { waits <- d; return nil }}
	ended := make(chan bool)
	server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { ended <- h.wait(w, r, time.Minute) })}
	ln := listen(t)
	go server.Serve(ln)
	defer server.Close()
	c := wstest.Connect(t, ln.Addr().String())
	c.Send([]byte(get("/")))
	<-waits
	c.Close()
	if <-ended {
		t.Error("the delay has ended, and the client is said to be there")
	}
}

// TestDrop closes without a byte, at once or after a delay.
func TestDrop(t *testing.T) {
	addr, waits, elapsed, _ := serveControls(t, false)
	c := wstest.Connect(t, addr)
	c.Send([]byte(get("/x?drop=1&status=503")))
	c.ExpectEnd()
	late := wstest.Connect(t, addr)
	late.Send([]byte(get("/x?drop=1&delay=1s")))
	<-waits
	elapsed <- time.Time{}
	late.ExpectEnd()
}

// TestAllow_RFC9110: OPTIONS and 405 name the methods (sections 9.3.7 and 15.5.6).
func TestAllow_RFC9110(t *testing.T) {
	addr := serve(t, anyOrigin, nil)
	for _, test := range []struct {
		request string
		status  int
	}{
		{"OPTIONS / HTTP/1.0\r\n", 200}, // HAProxy's default check
		{"OPTIONS / HTTP/1.1\r\nHost: x\r\n", 200},
		{"OPTIONS * HTTP/1.1\r\nHost: x\r\n", 200},
		{"OPTIONS /ws HTTP/1.1\r\nHost: x\r\n", 200},
		{"OPTIONS /x HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example\r\nAccess-Control-Request-Method: PUT\r\n", 204},
		{"CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n", 405},
	} {
		if a := ask(t, addr, test.request+"\r\n"); a.code != test.status || a.header.Get("Allow") != methods {
			t.Errorf("%q is answered with %s, %v", test.request, a.status, a.header)
		}
	}
}

// TestEmptyLinesBeforeARequest_RFC9112Section2_2.
func TestEmptyLinesBeforeARequest_RFC9112Section2_2(t *testing.T) {
	addr := serve(t, anyOrigin, nil)
	got := askEcho(t, addr, "\r\n\r\nPOST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n\r\n")
	if got.Target != "/x" || got.Body.Text != "\r\n" {
		t.Errorf("got %+v", got)
	}
}

// TestBytesThatAreNotUTF8AreShown, wherever they are.
func TestBytesThatAreNotUTF8AreShown(t *testing.T) {
	addr := serve(t, anyOrigin, nil)
	request := "GET /\xe9/%ff?a\xe9=%fe HTTP/1.1\r\nHost: x\r\nX-City: M\xfcnchen\r\n"
	got := askEcho(t, addr, request+"\r\n")
	if got.Target != `/\xe9/%ff?a\xe9=%fe` || got.Path != `/\xe9/\xff` || got.Query[0].Name != `a\xe9` || got.Query[0].Value != `\xfe` || got.Headers[1].Value != `M\xfcnchen` {
		t.Errorf("got %+v", got)
	}
	if a := ask(t, addr, request+"Accept: text/plain\r\n\r\n"); !strings.Contains(a.body, `header X-City: M\xfcnchen`+"\n") {
		t.Errorf("as text: %s", a.body)
	}
}

// deadlines is a ResponseWriter that remembers the last read deadline.
type deadlines struct {
	http.ResponseWriter
	read time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error { d.read = t; return nil }

// TestDelayMayBeLongerThanHandshakeTimeout: the deadline for a silent client is put off.
func TestDelayMayBeLongerThanHandshakeTimeout(t *testing.T) {
	d := &deadlines{read: time.Unix(1, 0)}
	h := controlled{after: func(time.Duration) <-chan time.Time {
		if !d.read.IsZero() {
			t.Error("the read deadline would end the delay")
		}
		elapsed := make(chan time.Time)
		close(elapsed)
		return elapsed
	}}
	r, err := http.NewRequestWithContext(t.Context(), "GET", "/", nil)
	if err != nil || !h.wait(d, r, time.Minute) {
		t.Errorf("the delay ends early, or %v", err)
	}
}

// TestDocsHaveEveryControl: docs/controls.md has the controls in the order of controlTable.
func TestDocsHaveEveryControl(t *testing.T) {
	page, err := os.ReadFile("../../docs/controls.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## Plain HTTP\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var documented, known []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z]+=[^`]+)` \\|").FindAllStringSubmatch(section, -1) {
		documented = append(documented, row[1])
	}
	for _, control := range controlTable {
		known = append(known, control.Example)
	}
	if !slices.Equal(documented, known) {
		t.Errorf("docs/controls.md has the controls %v, want %v", documented, known)
	}
}

// TestAnswersWithManyEscapes are complete, and leave nothing on the account.
func TestAnswersWithManyEscapes(t *testing.T) {
	account := budget.NewAccount(64 << 20)
	policy := wsproto.Policy{AnyOrigin: true}
	addr := serveConfig(t, Config{Policy: &policy}, nil, wstest.Patience, Limits{Account: account})
	c := wstest.Connect(t, addr)
	head := get("/x", "X: "+strings.Repeat("\xff", 60_000), "X: "+strings.Repeat("\xff", 60_000))
	c.Send([]byte(head))
	response := c.Response()
	if body, err := io.ReadAll(response.Body); response.StatusCode != 200 || len(body) < 5*120_000 || err != nil {
		t.Errorf("answered with %s, %d bytes, %v", response.Status, len(body), err)
	}
	wstest.Eventually(t, "nothing is left on the account", func() bool { return account.Held() == 0 })
}
