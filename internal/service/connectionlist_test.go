package service

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsconn"
	"github.com/echosvc/echosvc/internal/wsproto"
	"github.com/echosvc/echosvc/internal/wstest"
)

// made returns lists of n WebSockets with the IDs 1 to n, one of ten at the path /ten, and a
// change of each look.
func made(t testing.TB, n int, look func()) *lists {
	t.Helper()
	c := config.Default()
	c.MemoryLimit, c.MaxConnections, c.LogConnections = 0, 0, "none"
	server := New(c, slog.New(slog.DiscardHandler), "test").connServers(nil, nil)[0]
	server.Admission = wsconn.NewAdmission(0, "", budget.NewAccount(0), func() float64 { return 0 })
	conns := make([]*wsconn.Conn, n)
	for i := range conns {
		id := i + 1
		client := fmt.Sprintf("10.0.%d.%d:%d", id/200, id%200, 1000+id)
		request := wstest.Request()
		if id%10 == 0 {
			request = strings.Replace(request, "GET /", "GET /ten", 1)
		}
		c := wsconn.New(server, uint64(id), client)
		c.Opened(1)
		mem := append(make([]byte, wsproto.Headroom), request...)
		mem = append(mem, wstest.Frame(0x81, strings.Repeat("x", id*7%100))...)
		c.Receive(socket.Instant(id), mem, wsproto.Headroom, len(mem))
		conns[i] = c
	}
	t.Cleanup(func() {
		for _, c := range conns {
			c.Closed(1, nil)
		}
	})
	return &lists{
		open: func(visit func(*wsconn.View)) {
			look()
			var v wsconn.View
			for _, c := range conns {
				v = c.View(0)
				visit(&v)
			}
		},
		now: func() socket.Instant { return 1 }, clock: func(socket.Instant) time.Time { return time.Time{} },
		looking: make(chan struct{}, 1),
	}
}

// ids returns the IDs of a list.
func ids(t testing.TB, l *lists, query string) (ids []uint64, list *listing) {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	q, err := parseListQuery(values)
	if err != nil {
		t.Fatal(err)
	}
	list = l.begin(t.Context(), q)
	list.each(func(info *wsconn.Info) bool {
		ids = append(ids, info.ID)
		return true
	})
	return ids, list
}

// TestListIsSortedAndFiltered, over more connections than are put in order or described at a
// time.
func TestListIsSortedAndFiltered(t *testing.T) {
	const n = 2*maxRanks + 100
	looks := 0
	l := made(t, n, func() { looks++ })
	byBytes := func(a, b uint64) int {
		if x, y := int(a)*7%100, int(b)*7%100; x != y {
			return x - y
		}
		return int(a) - int(b)
	}
	all := make([]uint64, n)
	for i := range all {
		all[i] = uint64(i + 1)
	}
	sorted := slices.SortedFunc(slices.Values(all), byBytes)
	reversed := slices.Clone(sorted)
	slices.Reverse(reversed)
	for _, test := range []struct {
		query    string
		want     []uint64
		matching int
	}{
		{"", all[:1000], n},
		{"limit=10000", all, n},
		{"limit=3&offset=8290", all[8290:8292], n},
		{"limit=3&offset=9000", nil, n},
		{"sort=bytes&limit=10000", sorted, n},
		{"sort=-bytes&limit=5000&offset=300", reversed[300:5300], n},
		{"after=8290", all[8290:], 2},
		{"path=/ten&limit=2", []uint64{10, 20}, n / 10},
		{"path=/t*&sort=-id&limit=2", []uint64{8290, 8280}, n / 10},
		{"path=/t", nil, 0},
		{"client=10.0.1.0/24&limit=2", []uint64{200, 201}, 200},
		{"client=10.0.1.7", []uint64{207}, 1},
		{"client=::ffff:10.0.1.7", []uint64{207}, 1},
		{"client=::ffff:10.0.1.0/120&limit=2", []uint64{200, 201}, 200},
		{"client=10.0.1.7:1207", []uint64{207}, 1},
		{"client=10.0.1.7:1208", nil, 0},
		{"client=unix", nil, 0},
		{"state=closing", nil, 0},
	} {
		got, list := ids(t, l, test.query)
		if !slices.Equal(got, test.want) || list.total != n || list.matching != test.matching {
			t.Errorf("%s: %d IDs, the first are %v, want %d, %v; %d match, want %d", test.query, len(got), got[:min(len(got), 5)], len(test.want), test.want[:min(len(test.want), 5)], list.matching, test.matching)
		}
	}
	before := looks
	if ids(t, l, "limit=256"); looks-before != 2 {
		t.Errorf("a page of 256 takes %d looks, want 2", looks-before)
	}
}

// TestListTakesConstantMemory: the last page of a long list holds no more than the bounds.
func TestListTakesConstantMemory(t *testing.T) {
	l := made(t, 2*maxRanks+100, func() {})
	q, err := parseListQuery(url.Values{"offset": {"8000"}, "limit": {"200"}, "sort": {"-bytes"}})
	if err != nil {
		t.Fatal(err)
	}
	list := l.begin(t.Context(), q)
	if got := cap(list.ranks); got > 2*maxRanks {
		t.Errorf("%d ranks are held at first", got)
	}
	list.each(func(*wsconn.Info) bool {
		if got := cap(list.ranks); got > 2*maxRanks {
			t.Errorf("%d ranks are held", got)
		}
		return false
	})
}

// TestLooksAreFew: a list takes one look for each part, and one for each maxRows of its rows. It does
// not look for connections after the last, or at an offset that no list can reach.
func TestLooksAreFew(t *testing.T) {
	for _, test := range []struct {
		n     int
		query string
		want  int
	}{
		{3, "", 2},
		{3, "limit=3", 2},
		{3, "limit=1&offset=1&sort=messages", 2},
		{3, "offset=2", 2},
		{3, "offset=3", 1},
		{3, "offset=2147483647&sort=messages", 1},
		{3, "path=/none", 1},
		{0, "offset=2147483647", 1},
		{maxRanks - 1, "limit=10000&offset=4090", 2},
		{maxRanks, "limit=10000&offset=4090", 3},
		{maxRanks + 1, "limit=10000&offset=4090", 4},
		{maxRanks + 1, "limit=10000&offset=2147483647&sort=-bytes", 1},
	} {
		looks := 0
		l := made(t, test.n, func() { looks++ })
		ids(t, l, test.query)
		if looks != test.want {
			t.Errorf("%q of %d connections: %d looks, want %d", test.query, test.n, looks, test.want)
		}
	}
}

// BenchmarkListOfConnections is what a page costs for each of the connections that are looked
// at. A loop looks at 128 in a turn.
func BenchmarkListOfConnections(b *testing.B) {
	const n = 15_000
	l := made(b, n, func() {})
	for _, query := range []string{"", "sort=-bytes", "client=10.0.1.0/24", "offset=14000&limit=200"} {
		b.Run(query, func(b *testing.B) {
			looks := 0
			open := l.open
			counted := &lists{now: l.now, clock: l.clock, open: func(visit func(*wsconn.View)) { looks++; open(visit) }}
			b.ReportAllocs()
			for b.Loop() {
				ids(b, counted, query)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(looks*n), "ns/look")
		})
	}
}

// TestListsOfClientsThatHaveLeft end, and do not wait for the look of another.
func TestListsOfClientsThatHaveLeft(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	l := made(t, 10, func() {})
	l.looking <- struct{}{}
	leave()
	list := l.begin(ctx, listQuery{limit: 10, sort: "id"})
	list.each(func(*wsconn.Info) bool {
		t.Error("a connection is listed")
		return true
	})
	<-l.looking
	if list = l.begin(t.Context(), listQuery{limit: 10, sort: "id"}); list.total != 10 {
		t.Errorf("afterwards a list has %d connections", list.total)
	}
}
