package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// url returns the URL of the echo.
func (p *process) url() string {
	return fmt.Sprintf("ws://localhost:%d/", p.ports["ws"])
}

// probed is the probe's JSON report.
type probed struct {
	OK     bool
	Checks []probedCheck
	status int // exit status
}

type probedCheck struct {
	Name, Verdict, Detail string
	Data                  map[string]any
}

// check returns the check with a name.
func (p *probed) check(t *testing.T, name string) probedCheck {
	t.Helper()
	i := slices.IndexFunc(p.Checks, func(c probedCheck) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("there is no check %q in %+v", name, p.Checks)
	}
	return p.Checks[i]
}

// cell returns the README's table cell for a check.
func (c *probedCheck) cell() string {
	seen, _, _ := strings.Cut(c.Detail, ":")
	switch c.Verdict {
	case "ok":
		return "ok"
	case "note":
		return "(" + seen + ")"
	}
	return "**" + seen + "**"
}

// runProbe runs the binary's probe command.
func runProbe(t *testing.T, args ...string) (result probed) {
	t.Helper()
	command := exec.CommandContext(t.Context(), buildBinary(t), append([]string{"probe", "-json"}, args...)...)
	stdout, err := command.Output()
	if command.ProcessState == nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(stdout, &result); err != nil {
		t.Fatalf("%v\n%s", err, stdout)
	}
	result.status = command.ProcessState.ExitCode()
	return result
}

// tableHead is the first line of the README's table of faults in echo servers.
var tableHead = func() string {
	head := "| check |"
	for _, server := range echoServers {
		head += " " + server.name + " |"
	}
	return head
}()

// readmeTable returns the table's rows without their first cell, which is the key.
func readmeTable(t *testing.T) map[string][]string {
	t.Helper()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(readme), tableHead+"\n")
	if !found {
		t.Fatalf("the README has no table with the head %s", tableHead)
	}
	rows := map[string][]string{}
	for line := range strings.Lines(after) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if len(cells) == len(echoServers)+1 && cells[0] != "---" {
			rows[cells[0]] = cells[1:]
		} else if !strings.HasPrefix(line, "|") {
			break
		}
	}
	return rows
}

// The probe finds no faults in echosvc, and finds those of other servers. The README has the same
// table; -v prints it.
func TestProbeTellsServersApart(t *testing.T) {
	want := readmeTable(t)
	results := make([]probed, len(echoServers))
	t.Run("servers", func(t *testing.T) {
		for i, server := range echoServers {
			t.Run(server.name, func(t *testing.T) {
				t.Parallel()
				results[i] = runProbe(t, "-timeout", "5s", server.start(t))
				faithful := true
				for _, c := range results[i].Checks {
					faithful = faithful && c.Verdict != "failed"
					cell := "ok" // a check without a row
					if row := want[c.Name]; row != nil {
						cell = row[i]
					} else if c.Verdict == "note" {
						continue
					}
					if got := c.cell(); got != cell {
						t.Errorf("%s: %s, but the README has %s; %s", c.Name, got, cell, c.Detail)
					}
				}
				if results[i].OK != faithful || (results[i].status == 0) != faithful || !faithful && server.name == "echosvc" {
					t.Errorf("ok is %v, exit status %d", results[i].OK, results[i].status)
				}
			})
		}
	})
	t.Log("\n" + markdownTable(results))
}

// markdownTable formats the checks that at least one server fails.
func markdownTable(results []probed) string {
	var table strings.Builder
	table.WriteString(tableHead + "\n|" + strings.Repeat("---|", len(results)+1) + "\n")
	for n, c := range results[0].Checks {
		row, wrong := "| "+c.Name+" |", false
		for _, result := range results {
			if n >= len(result.Checks) { // it was skipped
				row += " |"
				continue
			}
			wrong = wrong || result.Checks[n].Verdict == "failed"
			row += " " + result.Checks[n].cell() + " |"
		}
		if wrong {
			table.WriteString(row + "\n")
		}
	}
	return table.String()
}

// The probe measures the idle time-out of a proxy: nginx cuts a connection after
// proxy_read_timeout without data from the server.
func TestProbeFindsTheIdleTimeoutOfNginx(t *testing.T) {
	backends := newBackends(t, 1)
	addr := startNginxWith(t, backends, "5s")
	backends[0].start(t, "PING_INTERVAL=0")
	result := runProbe(t, "-idle", "10s", awaitProxy(t, addr))
	c := result.check(t, "idle time-out")
	if cut, _ := c.Data["cut_after_s"].(float64); cut < 4.9 || cut >= 6 || result.status != 1 {
		t.Errorf("exit status %d, %+v", result.status, c)
	}
	t.Log(c.Detail)
}

// A watch survives a rollout, and reports how long there was no connection.
func TestProbeWatchesARollout(t *testing.T) {
	backends := newBackends(t, 2)
	addr := startBalancer(t, backends)
	old := backends[0].start(t, "DRAIN_DELAY=1s", "DRAIN_SPREAD=0")
	command := exec.CommandContext(t.Context(), buildBinary(t), "probe", "-watch", "-json", awaitProxy(t, addr))
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer command.Process.Kill()
	type event struct {
		Event, Detail string
		Code          int
		AwayMS        float64 `json:"away_ms"`
	}
	events := json.NewDecoder(stdout)
	next := func(want string) (e event) {
		t.Helper()
		for e.Event != want {
			if err := events.Decode(&e); err != nil {
				t.Fatalf("no event %q: %v", want, err)
			}
			t.Logf("%s: %s", e.Event, e.Detail)
		}
		return e
	}
	next("connected")
	backends[1].start(t)
	old.signal(t, syscall.SIGTERM)
	if e := next("lost"); e.Code != 1001 {
		t.Errorf("closed with %d", e.Code)
	}
	if e := next("connected"); e.AwayMS <= 0 {
		t.Errorf("away for %v ms", e.AwayMS)
	}
	command.Process.Signal(os.Interrupt)
	next("end")
	if err := command.Wait(); err != nil {
		t.Errorf("the watch ended with %v", err)
	}
}
