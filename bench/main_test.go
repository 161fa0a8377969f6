package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/bench/internal/peers"
	"github.com/echosvc/echosvc/bench/internal/report"
)

// TestMain runs the bench instead of the tests when the bench starts this binary as a server.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "serve" {
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

func TestEveryServerEchoesCorrectly(t *testing.T) {
	figures := filepath.Join(t.TempDir(), "figures.json")
	stdout, stderr, err := bench(t, "-rounds", "1", "-duration", "20ms", "-only", "64x64x16,4x1m,text,jsonx8,handshake", "-json", figures)
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	p, err := os.ReadFile(figures)
	if err != nil {
		t.Fatal(err)
	}
	var table report.Table
	if err := json.Unmarshal(p, &table); err != nil {
		t.Fatal(err)
	}
	for _, l := range table.Loads {
		for k, s := range table.Servers {
			c := l.Cells[k]
			flaky := s.Name == "nbio" && len(c.Failed) > 0 // it sometimes drops a connection
			if !c.Measured() && l.Name != "jsonx8" && !flaky {
				t.Errorf("%s: no figures for %s", l.Name, s.Title)
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
		`no server "nosuch"`:           {"serve", "nosuch", "127.0.0.1:0"},
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
