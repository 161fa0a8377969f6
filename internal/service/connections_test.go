package service

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/config"
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

// TestConnectionsInParts: an answer has at most as many as the limit, and says where the
// next one goes on.
func TestConnectionsInParts(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		dialMany(t, r.addr, 5)
		seen := map[uint64]bool{}
		var after uint64
		for _, want := range []int{2, 2, 1} {
			var got connectionList
			_, body := fetch(t, "http://"+r.health+"/connections?limit=2&after="+jsonNumber(after))
			if err := json.Unmarshal([]byte(body), &got); err != nil || got.Count != 5 || len(got.Connections) != want || (got.Next != 0) != (len(seen)+want < 5) {
				t.Fatalf("got %s, %v; want %d", body, err, want)
			}
			for _, c := range got.Connections {
				if c.ID <= after || seen[c.ID] {
					t.Errorf("%d comes after %d", c.ID, after)
				}
				seen[c.ID], after = true, c.ID
			}
		}
		for _, query := range []string{"limit=0", "limit=10001", "limit=x", "after=-1"} {
			if status, body := fetch(t, "http://"+r.health+"/connections?"+query); status != 400 || !strings.Contains(body, "must be a whole number from") {
				t.Errorf("%s is answered with %d %s", query, status, body)
			}
		}
	})
}

func jsonNumber(n uint64) string {
	b, _ := json.Marshal(n)
	return string(b)
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
	list := listConnections(r.driver, r.wallTime, 0, clients)
	if got := list.Connections[0].Controls; got != query[:200] {
		t.Errorf("its controls are listed as %s", got)
	}
	if _, body := fetch(t, "http://"+r.health+"/connections"); len(body) > clients*600 {
		t.Errorf("the list has %d bytes", len(body))
	}
}
