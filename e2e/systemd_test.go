package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/echosvc/echosvc/internal/config"
)

const unitsDir = "../dist/systemd"

// readUnit returns the lines of a unit as NAME=VALUE, those of a name in their order.
func readUnit(t *testing.T, name string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(unitsDir, name))
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string][]string{}
	for _, line := range regexp.MustCompile(`(?m)^([A-Za-z]+)=(.*)$`).FindAllStringSubmatch(string(text), -1) {
		settings[line[1]] = append(settings[line[1]], line[2])
	}
	return settings
}

// systemdCommand returns a command of a program that comes with systemd.
func systemdCommand(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, name)
	}
	return exec.CommandContext(t.Context(), path, args...)
}

// TestSystemdUnitsAreValid: the units are valid, and the service has few rights.
func TestSystemdUnitsAreValid(t *testing.T) {
	// The most exposure that "systemd-analyze security" may find, in tenths: 0 is a program without
	// a network, and 100 one without any restriction.
	const exposure = 12
	dir := t.TempDir()
	var units []string
	for _, name := range []string{"echosvc.service", "echosvc.socket"} {
		text, err := os.ReadFile(filepath.Join(unitsDir, name))
		if err != nil {
			t.Fatal(err)
		}
		// The package has the binary in /usr/bin.
		installed := strings.ReplaceAll(string(text), "/usr/bin/echosvc", buildBinary(t))
		unit := filepath.Join(dir, name)
		if err := os.WriteFile(unit, []byte(installed), 0o644); err != nil {
			t.Fatal(err)
		}
		units = append(units, unit)
	}
	// It also loads units of this machine, whose mistakes do not count.
	verify := systemdCommand(t, "systemd-analyze", append([]string{"verify", "--man=no", "--recursive-errors=no"}, units...)...)
	if output, err := verify.CombinedOutput(); err != nil || strings.Contains(string(output), "echosvc") {
		t.Errorf("systemd-analyze verify: %v\n%s", err, output)
	}
	security := systemdCommand(t, "systemd-analyze", "security", "--no-pager", "--offline=yes", fmt.Sprintf("--threshold=%d", exposure), units[0])
	if output, err := security.CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, output)
	}
}

// TestSystemdWaitsForTheDrain: SIGKILL comes after the drain, with the default settings.
func TestSystemdWaitsForTheDrain(t *testing.T) {
	stop := readUnit(t, "echosvc.service")["TimeoutStopSec"]
	if len(stop) != 1 {
		t.Fatalf("TimeoutStopSec is set %d times, want once", len(stop))
	}
	grace, err := time.ParseDuration(stop[0])
	if err != nil {
		t.Fatal(err)
	}
	if c := config.Default(); grace <= c.DrainDelay+c.DrainTimeout {
		t.Errorf("TimeoutStopSec is %v, and the drain may take %v", grace, c.DrainDelay+c.DrainTimeout)
	}
}

// TestSystemdSockets: the service takes the sockets of echosvc.socket, in its order and under the name
// that systemd gives both of them, with the variables of echosvc.service.
func TestSystemdSockets(t *testing.T) {
	listens := readUnit(t, "echosvc.socket")["ListenStream"]
	want := config.Default()
	if len(listens) != 2 || listens[0] != strconv.Itoa(int(want.Port)) || listens[1] != fmt.Sprintf("127.0.0.1:%d", want.HealthPort) {
		t.Fatalf("ListenStream is %q, want the default of PORT, and that of HEALTH_PORT on this machine only", listens)
	}

	ws, health := freePort(t, "127.0.0.1"), freePort(t, "127.0.0.1")
	activate := systemdCommand(t, "systemd-socket-activate",
		fmt.Sprintf("--listen=127.0.0.1:%d", ws), fmt.Sprintf("--listen=127.0.0.1:%d", health),
		"--fdname=echosvc.socket:echosvc.socket", "--setenv=LOG_FORMAT=json")
	for _, variable := range readUnit(t, "echosvc.service")["Environment"] {
		activate.Args = append(activate.Args, "--setenv="+variable)
	}
	activate.Args = append(activate.Args, buildBinary(t))
	activate.WaitDelay = time.Second
	if err := activate.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // it has become echosvc
		activate.Process.Kill()
		activate.Wait()
	})

	client := dialUntilServed(t, fmt.Sprintf("ws://127.0.0.1:%d/", ws))
	checkEcho(t, t.Context(), client, websocket.MessageText, "through the first socket")
	response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", health))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("/metrics on the second socket gets %s", response.Status)
	}
}
