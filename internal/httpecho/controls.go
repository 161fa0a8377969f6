package httpecho

import (
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/echosvc/echosvc/internal/query"
	"github.com/echosvc/echosvc/internal/respond"
)

// controls are those in the query of a plain request.
type controls struct {
	status int // 0 means the echo's own
	delay  time.Duration
	drop   bool // the connection is closed without an answer
}

// maxDelay is the longest delay. A delayed request counts towards MAX_REQUESTS, and may be dropped
// for another like every silent one.
const maxDelay = time.Minute

// controlTable lists the controls. APIs have parameters of these names too, such as status=active.
var controlTable = query.Table[controls]{
	{Name: "status", Example: "status=503", Allowed: "an HTTP status from 200 to 599",
		Set: func(k *controls, v string) bool { return query.SetNumber(&k.status, v, 200, 599) }, Foreign: query.IsNoNumber},
	{Name: "delay", Example: "delay=250ms", Allowed: "a duration from 0 to 1m0s, such as 250ms",
		Set: func(k *controls, v string) bool { return query.SetTime(&k.delay, v, 0, maxDelay) }, Foreign: query.IsNoTime},
	{Name: "drop", Example: "drop=1", Allowed: "1, or 0 for an answer",
		Set: func(k *controls, v string) bool { return query.SetSwitch(&k.drop, v) }, Foreign: query.IsNoSwitch},
}

// WriteControls writes a line for each control: an example, and the values that are allowed.
func WriteControls(w io.Writer) error { return controlTable.WriteHelp(w) }

// controlled applies the controls in the query of a request. Other names, even near misses,
// are not refused, because they are visible in the echo.
type controlled struct {
	next http.Handler // for requests without controls
	echo echoHandler  // for those with controls
	// after is time.After, and draining ends every delay.
	after    func(time.Duration) <-chan time.Time
	draining <-chan struct{}
}

func (c controlled) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if forPage(r) {
		c.next.ServeHTTP(w, r)
		return
	}
	var k controls
	found, _, refusal := controlTable.Parse("?"+r.URL.RawQuery, &k, false)
	switch {
	case refusal != nil:
		respond.PlainText(w, refusal.Status, refusal.Text)
		return
	case len(found) == 0:
		c.next.ServeHTTP(w, r)
		return
	}
	if k.delay > 0 && !c.wait(w, r, k.delay) {
		return
	}
	if k.drop {
		panic(http.ErrAbortHandler) // net/http closes the connection, and logs nothing
	}
	echo := c.echo
	echo.status = k.status
	echo.ServeHTTP(w, r)
}

// wait delays a request. It reports whether the client is still there.
func (c controlled) wait(w http.ResponseWriter, r *http.Request, delay time.Duration) bool {
	http.NewResponseController(w).SetReadDeadline(time.Time{}) // that of Deadlines would end the wait; it begins again with the body
	select {
	case <-c.after(delay):
	case <-c.draining:
	case <-r.Context().Done():
		return false
	}
	return true
}

// forPage reports whether a browser requests the page, whose form takes controls of WebSockets
// from the same query.
func forPage(r *http.Request) bool {
	path := r.URL.Path
	return (path == "/" || strings.HasSuffix(path, "/.ws") || strings.Contains(path, "/.ws/")) &&
		strings.Contains(strings.ToLower(r.Header.Get("Accept")), respond.HTML)
}
