package e2e

import (
	"encoding/json"
	"fmt"
	"os"
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
	OK        bool
	Checks    []probedCheck
	Diagnoses []struct{ ID, Proxy, Cause, Fix string }
	NotTested string `json:"not_tested"`
	status    int    // exit status
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

// found returns the result of a check as docs/fidelity.md has it.
func (c *probedCheck) found() string {
	seen, _, _ := strings.Cut(c.Detail, ":")
	switch c.Verdict {
	case "ok":
		return "ok"
	case "note":
		return "(" + seen + ")"
	}
	return seen
}

// runProbe runs the binary's probe command.
func runProbe(t *testing.T, args ...string) (result probed) {
	t.Helper()
	command := echosvc(t, append([]string{"probe", "-json"}, args...)...)
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

// documentedFaults returns the faults of each server in docs/fidelity.md, from the table below
// a heading with its name. A server without faults has no table.
func documentedFaults(t *testing.T) map[string]map[string]string {
	t.Helper()
	page := readDocument(t, "docs/fidelity.md").text
	faults := map[string]map[string]string{}
	for _, server := range echoServers {
		faults[server.name] = map[string]string{}
		_, section, _ := strings.Cut(page, "\n### "+server.name+"\n")
		section, _, _ = strings.Cut(section, "\n#")
		for _, row := range tableRows(section) {
			faults[server.name][row[0]] = row[1]
		}
	}
	return faults
}

// TestProbeTellsServersApart runs the probe against each server. It finds no fault in echosvc,
// and the faults in docs/fidelity.md in the others. -v prints the tables.
func TestProbeTellsServersApart(t *testing.T) {
	faults := documentedFaults(t)
	failable := map[string]bool{}
	for _, documented := range faults {
		for name := range documented {
			failable[name] = true
		}
	}
	results := make([]probed, len(echoServers))
	t.Run("servers", func(t *testing.T) {
		for i, server := range echoServers {
			t.Run(server.name, func(t *testing.T) {
				t.Parallel()
				url := server.start(t)
				retried(t, func() (problems []string) {
					results[i] = runProbe(t, "-timeout", "5s", url)
					return results[i].differences(faults[server.name], failable, server.name == "echosvc")
				})
			})
		}
	})
	for i, server := range echoServers {
		t.Log("\n" + faultTable(server.name, results[i].Checks))
	}
}

// differences compares the checks with the documented faults of the server. failable are the checks
// that some server fails.
func (p *probed) differences(faults map[string]string, failable map[string]bool, mustPass bool) (problems []string) {
	note := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	faithful, seen := true, 0
	for _, c := range p.Checks {
		faithful = faithful && c.Verdict != "failed"
		want, documented := faults[c.Name]
		switch {
		case documented:
			seen++
		case c.Verdict == "note" && !failable[c.Name]:
			continue
		default:
			want = "ok"
		}
		if got := c.found(); got != want {
			note("%s: %s, and docs/fidelity.md has %s; %s", c.Name, got, want, c.Detail)
		}
	}
	if n := len(faults); seen != n {
		note("docs/fidelity.md has %d faults, and %d of them are checks of the probe", n, seen)
	}
	if p.OK != faithful || (p.status == 0) != faithful || !faithful && mustPass {
		note("ok is %v, exit status %d", p.OK, p.status)
	}
	return problems
}

// faultTable writes the table of a server as docs/fidelity.md has it.
func faultTable(server string, checks []probedCheck) string {
	var table strings.Builder
	fmt.Fprintf(&table, "### %s\n\n| check | found |\n|---|---|\n", server)
	for _, c := range checks {
		if c.Verdict == "failed" {
			fmt.Fprintf(&table, "| %s | %s |\n", c.Name, c.found())
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
	url := awaitProxy(t, addr)
	retried(t, func() (problems []string) {
		result := runProbe(t, "-idle", "10s", url)
		c := result.check(t, "idle time-out")
		if cut, _ := c.Data["cut_after_s"].(float64); cut < 4.9 || cut >= 6 || result.status != 1 {
			problems = append(problems, fmt.Sprintf("exit status %d, %+v", result.status, c))
		}
		t.Log(c.Detail)
		return problems
	})
}

// A watch survives a rollout, and reports how long there was no connection.
func TestProbeWatchesARollout(t *testing.T) {
	backends := newBackends(t, 2)
	addr := startBalancer(t, backends)
	old := backends[0].start(t, "DRAIN_DELAY=1s", "DRAIN_SPREAD=0")
	command := echosvc(t, "probe", "-watch", "-json", awaitProxy(t, addr))
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
