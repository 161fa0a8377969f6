package service

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/wsconn"
	"github.com/echosvc/echosvc/internal/wstest"
)

// fetch returns the answer to a GET.
func fetch(t *testing.T, url string) (status int, body string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

// connectionList is the answer of /connections.
type connectionList struct {
	Count, Matching, Offset, Limit int
	Connections                    []wsconn.Info
	Next                           uint64
}

// list fetches /connections.
func (r *running) list(query string) (list connectionList) {
	r.t.Helper()
	status, body := fetch(r.t, "http://"+r.health+"/connections?"+query)
	if err := json.Unmarshal([]byte(body), &list); err != nil || status != 200 {
		r.t.Fatalf("/connections?%s is answered with %d %s, %v", query, status, body, err)
	}
	return list
}

// TestConnectionsInParts: an answer has at most as many as the limit, and says where the
// next one goes on.
func TestConnectionsInParts(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		dialMany(t, r.addr, 5)
		seen := map[uint64]bool{}
		var after uint64
		for _, want := range []int{2, 2, 1} {
			got := r.list(fmt.Sprintf("limit=2&after=%d", after))
			if got.Count != 5 || got.Matching != 5-len(seen) || len(got.Connections) != want || (got.Next != 0) != (len(seen)+want < 5) {
				t.Fatalf("got %+v; want %d", got, want)
			}
			for _, c := range got.Connections {
				if c.ID <= after || seen[c.ID] {
					t.Errorf("%d comes after %d", c.ID, after)
				}
				seen[c.ID], after = true, c.ID
			}
		}
	})
}

// TestHeadsAreNotKept: a connection keeps little of its request, whatever is in that.
func TestHeadsAreNotKept(t *testing.T) {
	r := start(t, "portable", func(c *config.Config) { c.LogConnections = "none" })
	const clients = 100
	query := "pong=1&close_after=9&close_reason=" + strings.Repeat("%61", 100)
	request := strings.Replace(wstest.Request("X-Large: "+strings.Repeat("x", 15_000)), "GET /", "GET /any/path?"+query, 1)
	before := heap()
	for range clients {
		c := wstest.Connect(t, r.addr)
		c.Send([]byte(request))
		if response := c.Response(); response.StatusCode != 101 {
			t.Fatalf("answered with %s", response.Status)
		}
	}
	if kept := (heap() - before) / clients; kept > 28<<10 { // the goroutines and buffers of both sides
		t.Errorf("a connection keeps %d bytes", kept)
	}
	if got := r.list("").Connections[0].Controls; got != query[:200] {
		t.Errorf("its controls are listed as %s", got)
	}
	if _, body := fetch(t, "http://"+r.health+"/connections"); len(body) > clients*750 {
		t.Errorf("the list has %d bytes", len(body))
	}
}

// TestConnectionsThatEnded: with closed=1, with filters, and sorted.
func TestConnectionsThatEnded(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		for i, code := range []string{"\x03\xe8", "\x0f\xa1reason", "\x0f\xa2"} {
			c := wstest.Dial(t, r.addr)
			c.Send(wstest.Frame(0x88, code))
			c.Expect(frame(0x88, code))
			c.ExpectEnd()
			c.Close()
			wstest.Eventually(t, "it is remembered", func() bool { return r.list("closed=1").Count == i+1 })
		}
		if got := r.list("closed=1"); got.Count != 3 || got.Connections[0].Code != 4002 || got.Connections[2].Code != 1000 {
			t.Errorf("got %+v", got)
		}
		got := r.list("closed=1&code=4001&client=127.0.0.0/8&path=/")
		if got.Matching != 1 || len(got.Connections) != 1 {
			t.Fatalf("got %+v", got)
		}
		c := got.Connections[0]
		if !c.Clean || c.Initiator != "client" || c.Why != "client" || c.ReasonLength != 6 || c.State != "ended" || c.DurationMS <= 0 {
			t.Errorf("got %+v, %+v", c, c.Ended)
		}
		first := r.list("closed=1&sort=id&limit=2")
		if first.Next == 0 || len(first.Connections) != 2 {
			t.Errorf("the first two by ID are %+v", first)
		}
		if rest := r.list(fmt.Sprintf("closed=1&sort=id&limit=2&after=%d", first.Next)); rest.Next != 0 || len(rest.Connections) != 1 || rest.Connections[0].Code != 4002 {
			t.Errorf("after them there are %+v", rest)
		}
		if got := r.list(""); got.Count != 0 || got.Connections == nil {
			t.Errorf("open are %+v", got)
		}
	})
}
