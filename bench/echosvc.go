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

// echosvcCommand starts echosvc with its defaults, but for the driver, the address, and the
// log, which has a line for each connection where the others have none.
func echosvcCommand(driver string, more ...string) func(netip.AddrPort) (args, env []string) {
	return func(addr netip.AddrPort) (args, env []string) {
		return nil, append(append(echosvcEnv(driver, addr), "LOG_LEVEL=warn"), more...)
	}
}

func echosvcEnv(driver string, addr netip.AddrPort) []string {
	return []string{"DRIVER=" + driver, "HOST=" + addr.Addr().String(), fmt.Sprintf("PORT=%d", addr.Port()), "HEALTH_PORT=0"}
}

// prepareEchosvc builds echosvc from the tree that this module is in, and asks it
// whether it has the driver.
func prepareEchosvc(s *server, dir string, cores cores) error {
	s.program = filepath.Join(dir, "echosvc")
	if _, err := os.Stat(s.program); err != nil {
		build := exec.Command("go", "build", "-o", s.program, "./cmd/echosvc")
		build.Dir = ".." // the module of echosvc, whose dependencies are its own
		if output, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("cannot build echosvc; the bench runs in its own directory: %w\n%s", err, output)
		}
	}
	asked := *s
	wanted := ""
	asked.command = func(addr netip.AddrPort) (args, env []string) {
		args, env = s.command(addr)
		wanted = strings.TrimPrefix(env[0], "DRIVER=")
		return args, append(env, "LOG_LEVEL=info", "LOG_FORMAT=json")
	}
	process, err := asked.start(dir, cores)
	if err != nil {
		return err
	}
	defer process.end()
	driver := ""
	for began := time.Now(); driver == "" && time.Since(began) < startTimeout; time.Sleep(10 * time.Millisecond) {
		driver = startDriver(process.output()) // the log does not hold up the service
	}
	if driver != wanted {
		return fmt.Errorf("%w: asked for the driver %q, echosvc starts with %q", errSkip, wanted, driver)
	}
	return nil
}

// startDriver is the driver that the line names which echosvc logs when it starts.
func startDriver(log []byte) string {
	for line := range bytes.Lines(log) {
		var entry struct{ Msg, Driver string }
		if json.Unmarshal(line, &entry) == nil && entry.Msg == "serving" {
			return entry.Driver
		}
	}
	return ""
}
