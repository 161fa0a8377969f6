package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// echosvcCommand runs echosvc with its defaults except for the driver, the address, and the log,
// which has a line for each connection; the other servers log nothing.
func echosvcCommand(driver string, more ...string) func(netip.AddrPort) (args, env []string) {
	return func(addr netip.AddrPort) (args, env []string) {
		return nil, append(append(echosvcEnv(driver, addr), "LOG_LEVEL=warn"), more...)
	}
}

func echosvcEnv(driver string, addr netip.AddrPort) []string {
	return []string{"DRIVER=" + driver, "HOST=" + addr.Addr().String(), fmt.Sprintf("PORT=%d", addr.Port()), "HEALTH_PORT=0"}
}

// prepareEchosvc builds echosvc from this repository, and checks that it has the driver.
func prepareEchosvc(s *server, dir string, cores cores) error {
	s.program = filepath.Join(dir, "echosvc")
	if _, err := os.Stat(s.program); err != nil {
		build := exec.Command("go", "build", "-o", s.program, "./cmd/echosvc")
		build.Dir = ".." // the module of echosvc, whose dependencies are its own
		if output, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("cannot build echosvc; run the bench in its own directory: %w\n%s", err, output)
		}
	}
	trial := *s
	wanted := ""
	trial.command = func(addr netip.AddrPort) (args, env []string) {
		args, env = s.command(addr)
		wanted = strings.TrimPrefix(env[0], "DRIVER=")
		return args, append(env, "LOG_LEVEL=info", "LOG_FORMAT=json")
	}
	process, err := trial.start(dir, cores)
	if err != nil {
		return err
	}
	defer process.kill()
	driver := ""
	for began := time.Now(); driver == "" && time.Since(began) < startTimeout; time.Sleep(10 * time.Millisecond) {
		driver = startDriver(process.output()) // the log line may come after the first connection
	}
	if driver != wanted {
		return fmt.Errorf("%w: requested the driver %q, echosvc uses %q", errSkip, wanted, driver)
	}
	return nil
}

// startDriver returns the driver that echosvc logs when it starts, or "".
func startDriver(log []byte) string {
	for line := range bytes.Lines(log) {
		var entry struct{ Msg, Driver string }
		if json.Unmarshal(line, &entry) == nil && entry.Msg == "serving" {
			return entry.Driver
		}
	}
	return ""
}
