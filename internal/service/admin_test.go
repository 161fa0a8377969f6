package service

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/wstest"
)

// startWithActions starts a service that takes actions.
func startWithActions(t *testing.T, driver string, change func(*config.Config)) *running {
	t.Helper()
	return start(t, driver, func(c *config.Config) {
		c.AdminActions = true
		if change != nil {
			change(c)
		}
	})
}

// do sends a request to the health port.
func (r *running) do(method, target string, fields ...string) (status int, body string) {
	r.t.Helper()
	c := wstest.Connect(r.t, r.health)
	c.Send([]byte(method + " " + target + " HTTP/1.1\r\nHost: echo.example\r\nConnection: close\r\n" + strings.Join(append(fields, ""), "\r\n") + "\r\n"))
	response := c.Response()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

// TestActionsAreRefused: with another method, without ADMIN_ACTIONS=true, on PORT, and for the
// pages of other origins.
func TestActionsAreRefused(t *testing.T) {
	off, on := start(t, "portable", nil), startWithActions(t, "portable", nil)
	for _, test := range []struct {
		r              *running
		method, target string
		field          string
		status         int
		body           string
	}{
		{off, "POST", "/drain", "A: b", 403, "ADMIN_ACTIONS=true"},
		{off, "POST", "/readyz?ready=false", "A: b", 403, "ADMIN_ACTIONS=true"},
		{off, "POST", "/connections/1/drop", "A: b", 403, "ADMIN_ACTIONS=true"},
		{off, "POST", "/readyz", "A: b", 200, "ok"},
		{on, "POST", "/readyz", "A: b", 200, "ok"},
		{on, "GET", "/drain", "A: b", 405, "/drain allows DELETE, POST."},
		{on, "DELETE", "/drain", "A: b", 409, "no rehearsal to end"},
		{on, "GET", "/connections/1/close", "A: b", 405, "allows POST."},
		{on, "POST", "/connections/1/close", "A: b", 404, "No WebSocket with the ID 1"},
		{on, "POST", "/connections/x/close", "A: b", 400, "must be a number"},
		{on, "POST", "/connections/1/close?code=1006", "A: b", 400, "1000 to 1003"},
		{on, "POST", "/connections/1/close?code=1010", "A: b", 400, "1000 to 1003"},
		{on, "POST", "/connections/1/close?reason=" + strings.Repeat("x", 124), "A: b", 400, "at most 123 bytes"},
		{on, "POST", "/connections/1/close?reason=%ff", "A: b", 400, "UTF-8"},
		{on, "POST", "/connections/1/close?code=1004", "A: b", 400, "1000 to 1003"},
		{on, "POST", "/connections/1/close?code=1005", "A: b", 400, "1000 to 1003"},
		{on, "POST", "/connections/1/close?code=1015", "A: b", 400, "1000 to 1003"},
		{on, "POST", "/connections/1/close?code=66536", "A: b", 400, "1000 to 1003"}, // 1000 in 16 bits
		{on, "POST", "/connections/1/close?cod=4000", "A: b", 400, `"cod" is not a parameter of this action; allowed: code, reason.`},
		{on, "POST", "/connections/1/close?code=4000;reason=x", "A: b", 400, "malformed: invalid semicolon"},
		{on, "POST", "/connections/1/close?code=4000&reason=%zz", "A: b", 400, `malformed: invalid URL escape "%zz"`},
		{on, "POST", "/connections/1/close?code=4000&code=4001", "A: b", 400, "code is given 2 times"},
		{on, "POST", "/connections/1/drop?code=4000", "A: b", 400, "allowed: none."},
		{on, "POST", "/drain?delay=1s", "A: b", 400, "allowed: none."},
		{on, "POST", "/connections/18446744073709551616/drop", "A: b", 400, "must be a number"},
		{on, "GET", "/connections?limit=5;offset=1", "A: b", 400, "malformed: invalid semicolon"},
		{on, "POST", "/readyz?ready=maybe", "A: b", 400, "true or false"},
		{on, "POST", "/drain", "Origin: https://evil.example", 403, "another origin"},
		{on, "POST", "/drain", "Sec-Fetch-Site: cross-site", 403, "another origin"},
		{on, "DELETE", "/drain", "Sec-Fetch-Site: same-site", 403, "another origin"},
		{on, "POST", "/readyz?ready=false", "Origin: null", 403, "another origin"},
		{on, "POST", "/readyz?ready=true", "Origin: http://echo.example", 403, "the owner of a name can point it at this server"},
		{on, "POST", "/readyz?ready=true", "Sec-Fetch-Site: same-origin", 200, "/readyz passes"},
	} {
		if status, body := test.r.do(test.method, test.target, test.field); status != test.status || !strings.Contains(body, test.body) {
			t.Errorf("%s %s with %s is answered with %d %s, want %d %s", test.method, test.target, test.field, status, body, test.status, test.body)
		}
	}
	for _, path := range []string{"/healthz", "/", "/nothing", "/connections", "/connections/1/drop"} {
		on.do("POST", path+"?ready=false")
		if got := get(t, "http://"+on.health+"/readyz"); got != 200 {
			t.Errorf("POST %s?ready=false makes readyz %d", path, got)
		}
	}
	response, err := http.Post("http://"+on.addr+"/readyz?ready=false", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	if got := get(t, "http://"+on.addr+"/readyz"); got != 200 {
		t.Errorf("an action on PORT makes readyz %d", got)
	}
}

// TestReadinessOfAnOperator applies to both ports.
func TestReadinessOfAnOperator(t *testing.T) {
	r := startWithActions(t, "portable", nil)
	for _, step := range []struct {
		ready  string
		status int
	}{{"false", 503}, {"true", 200}} {
		r.do("POST", "/readyz?ready="+step.ready)
		for _, addr := range []string{r.addr, r.health} {
			if got := get(t, "http://"+addr+"/readyz"); got != step.status {
				t.Errorf("with ready=%s readyz is %d", step.ready, got)
			}
		}
		wstest.Dial(t, r.addr) // is admitted
	}
}

// TestCloseAndDropOneConnection: the other goes on.
func TestCloseAndDropOneConnection(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := startWithActions(t, driver, nil)
		clients := dialMany(t, r.addr, 3)
		list := r.list("").Connections
		if status, body := r.do("POST", fmt.Sprintf("/connections/%d/close?code=4001&reason=moved%%20on", list[0].ID)); status != 202 {
			t.Fatalf("answered with %d %s", status, body)
		}
		clients[0].Expect(frame(0x88, "\x0f\xa1moved on"))
		if status, _ := r.do("POST", fmt.Sprintf("/connections/%d/drop", list[0].ID)); status != 409 {
			t.Errorf("a drop of the closing connection is answered with %d", status)
		}
		clients[0].Send(wstest.Frame(0x88, "\x0f\xa1"))
		clients[0].ExpectEnd()
		if status, body := r.do("POST", fmt.Sprintf("/connections/%d/drop", list[1].ID)); status != 202 {
			t.Fatalf("answered with %d %s", status, body)
		}
		clients[1].ExpectEnd()
		for _, c := range clients[:2] {
			c.Close()
		}
		clients[2].Send(wstest.Frame(0x81, "still"))
		clients[2].Expect(frame(0x81, "still"))
		wstest.Eventually(t, "two have ended", func() bool { return r.list("closed=1").Count == 2 })
		for _, c := range r.list("closed=1").Connections {
			if c.Why != "operator" || c.Initiator != "server" || c.Clean != (c.Code == 4001) {
				t.Errorf("ended as %+v", c.Ended)
			}
		}
		if line := r.line("admin action"); line["action"] != "close" || line["remote"] == nil {
			t.Errorf("logged %v", line)
		}
	})
}
