package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/bench/internal/load"
	"github.com/echosvc/echosvc/bench/internal/peers"
	"github.com/echosvc/echosvc/bench/internal/report"
)

// TestMain runs the bench instead of the tests when the bench starts this binary as a server.
func TestMain(m *testing.M) {
	if len(os.Args) == 5 && os.Args[1] == "serve" {
		main()
	}
	os.Exit(m.Run())
}

// bench runs the command with args.
func bench(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	if _, err := twoCores(); err != nil {
		t.Skip(err)
	}
	runtime.LockOSThread() // not unlocked: the pinned thread ends with the test
	var out, progress bytes.Buffer
	err = run(args, &out, &progress)
	return out.String(), progress.String(), err
}

// measured runs the bench for the loads, and returns its figures and what it printed.
func measured(t *testing.T, args ...string) (table report.Table, stdout, stderr string) {
	t.Helper()
	figures := filepath.Join(t.TempDir(), "figures.json")
	stdout, stderr, err := bench(t, append([]string{"-rounds", "1", "-duration", "20ms", "-json", figures}, args...)...)
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	p, err := os.ReadFile(figures)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(p, &table); err != nil {
		t.Fatal(err)
	}
	return table, stdout, stderr
}

func TestEveryServerEchoesCorrectly(t *testing.T) {
	table, stdout, stderr := measured(t, "-only", "64x64x16,4x1m,text,jsonx8,handshake,fragments,pings,wss64x64")
	for _, l := range table.Loads {
		for k, s := range table.Servers {
			c := l.Cells[k]
			flaky := s.Name == "nbio" && len(c.Failed) > 0 // it sometimes drops a connection
			if want := runs(t, s.Name, l.Name); c.Measured() != want && l.Name != "jsonx8" && !flaky {
				t.Errorf("%s, %s: measured %v, want %v", l.Name, s.Title, c.Measured(), want)
			}
			if c.Measured() && (c.Best().Cost <= 0 || c.Best().Rate <= 0 || c.Best().RSS <= 0) {
				t.Errorf("%s, %s: %+v", l.Name, s.Title, c.Best())
			}
		}
	}
	for _, name := range peers.Names() {
		if !strings.Contains(stderr, " "+name+" ") {
			t.Errorf("%s was not measured:\n%s", name, stderr)
		}
	}
	if !strings.Contains(stdout, "echosvc (portable)") {
		t.Errorf("no row for the portable driver:\n%s", stdout)
	}
}

// runs reports whether a server is measured under a load.
func runs(t *testing.T, serverName, loadName string) bool {
	t.Helper()
	s := slices.IndexFunc(allServers, func(s server) bool { return s.name == serverName })
	loads := load.Loads(40)
	l := slices.IndexFunc(loads, func(l *load.Load) bool { return l.Name == loadName })
	if s < 0 || l < 0 {
		t.Fatalf("no cell %s, %s", serverName, loadName)
	}
	return allServers[s].runs(loads[l])
}

func TestExtraLoads(t *testing.T) {
	table, stdout, _ := measured(t, "-idle", "40", "-only",
		"loop,tls-go,tls-c,epoll-c,2000x16,cyrillic1m,cjk4k,emoji4k,latin4k,rate20000,keepalive,rest,wss16x16k,wss4x1m,wsshandshake,wssidle")
	for _, l := range table.Loads {
		for k, s := range table.Servers {
			slow := l.Name == "rate20000" && len(l.Cells[k].Failed) > 0 // a busy machine does not keep the rate
			if want := runs(t, s.Name, l.Name); l.Cells[k].Measured() != want && !slow {
				t.Errorf("%s, %s: measured %v, want %v", l.Name, s.Title, l.Cells[k].Measured(), want)
			}
		}
	}
	for _, want := range []string{"TLS, idle connections, 20 to 40", "CPU per ping", "CPU per second"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
}

func TestAnotherBuild(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "echosvc")
	build := exec.Command("go", "build", "-o", binary, "./cmd/echosvc")
	build.Dir = ".."
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	table, stdout, _ := measured(t, "-only", "portable,64x64,wss64x64", "-also", "old="+binary, "-also", "older="+binary)
	var rows []string
	for _, s := range table.Servers {
		rows = append(rows, s.Title)
	}
	if want := []string{"echosvc (portable)", "old (portable)", "older (portable)"}; !slices.Equal(rows, want) {
		t.Errorf("rows %q, want %q", rows, want)
	}
	for _, want := range []string{"divided by that of old (portable):", "divided by that of older (portable):"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
}

func TestExtraLoadsRunOnlyIfNamed(t *testing.T) {
	for only, want := range map[string]int{"epoll-go": 10, "epoll-go,pings": 1, "epoll-go,pings,64x64": 2, "epoll-go,all": len(load.Loads(40))} {
		p, err := newPlan(options{only: only, idle: 40}, t.TempDir(), cores{}, io.Discard)
		if err != nil || len(p.loads) != want {
			t.Errorf("-only %s: %d loads, %v; want %d", only, len(p.loads), err, want)
		}
	}
}

func TestIdleMemoryAndPicture(t *testing.T) {
	picture := filepath.Join(t.TempDir(), "picture.svg")
	stdout, stderr, err := bench(t, "-rounds", "1", "-idle", "40", "-only", "portable,epoll-go,idle", "-svg", picture)
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	if !strings.Contains(stdout, "idle connections, 20 to 40") {
		t.Errorf("%s", stdout)
	}
	if p, err := os.ReadFile(picture); err != nil || !bytes.Contains(p, []byte("</svg>")) {
		t.Errorf("picture: %d bytes, %v", len(p), err)
	}
}

func TestArgumentErrors(t *testing.T) {
	for want, args := range map[string][]string{
		`no server or load "nosuch"`:   {"-only", "gws,nosuch"},
		"must be more than 0":          {"-rounds", "0"},
		`unexpected argument "loudly"`: {"loudly"},
		"must be NAME=BINARY":          {"-also", "old"},
		`already a server "gws"`:       {"-also", "gws=/bin/true"},
		"compares with echosvc":        {"-only", "gws", "-also", "old=/bin/true"},
		"no such file":                 {"-only", "loop", "-also", "old=/nosuch"},
		`no server "nosuch"`:           {"serve", "nosuch", "127.0.0.1:0", "."},
	} {
		if _, _, err := bench(t, args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", args, err, want)
		}
	}
}

func TestSelected(t *testing.T) {
	servers := []string{"gws", "nbio"}
	for _, test := range []struct {
		name   string
		wanted []string
		want   bool
	}{{"gws", nil, true}, {"gws", []string{"gws"}, true}, {"nbio", []string{"gws"}, false}, {"nbio", []string{"idle"}, true}} {
		if got := selected(test.name, servers, test.wanted); got != test.want {
			t.Errorf("%s of %q: %v", test.name, test.wanted, got)
		}
	}
}

func TestStartDriver(t *testing.T) {
	log := `{"level":"INFO","msg":"tuning"}
not JSON
{"time":"2026-01-02T03:04:05Z","level":"INFO","msg":"serving","addr":"127.0.0.1:8080","driver":"loop"}
`
	if got := startDriver([]byte(log)); got != "loop" {
		t.Errorf("driver %q", got)
	}
	if got := startDriver([]byte("{}\n")); got != "" {
		t.Errorf("driver %q without a line", got)
	}
}

func TestParseRollup(t *testing.T) {
	rollup := "00400000-7fff ---p 00000000 00:00 0 [rollup]\nRss:                1234 kB\nPss:                 900 kB\n"
	if n, err := parseRollup([]byte(rollup)); n != 1234<<10 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := parseRollup(nil); err == nil {
		t.Error("no error without an Rss line")
	}
}
