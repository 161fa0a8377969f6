package service

import (
	"encoding/json"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/config"
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

// TestHeadsAreNotKept: a connection keeps little of its request, whatever its query.
func TestHeadsAreNotKept(t *testing.T) {
	r := start(t, "portable", func(c *config.Config) { c.LogConnections = "none" })
	const clients, most = 100, 3 << 10
	query := "pong=1&delay=" + strings.Repeat("0", 15_000) + "s"
	before := heap()
	for range clients {
		dialControlled(t, r.addr, query)
	}
	runtime.GC()
	if kept := (heap() - before) / clients; kept > 24<<10+most { // the goroutines and buffers of both sides
		t.Errorf("a connection keeps %d bytes", kept)
	}
	list := listConnections(r.driver, 0, clients)
	if got := list.Connections[0].Controls; len(got) != 200 || !strings.HasPrefix(got, "pong=1&delay=00") {
		t.Errorf("its controls are listed with %d bytes", len(got))
	}
	if _, body := fetch(t, "http://"+r.health+"/connections"); len(body) > clients*600 {
		t.Errorf("the list has %d bytes", len(body))
	}
}
