package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/echosvc/echosvc/bench/internal/load"
	"github.com/echosvc/echosvc/bench/internal/peers"
	"github.com/echosvc/echosvc/bench/internal/report"
)

// echosvcCommand runs echosvc with its defaults except for the driver, the address, what the load
// needs, and the log, which has a line for each connection; the other servers log nothing. Over TLS
// it does not ask for the loop, the default, because older builds refuse that.
func echosvcCommand(driver string, more ...string) func(launch) (args, env []string) {
	return func(l launch) (args, env []string) {
		env = []string{"HOST=" + l.addr.Addr().String(), fmt.Sprintf("PORT=%d", l.addr.Port()), "HEALTH_PORT=0", "LOG_LEVEL=warn"}
		if l.metrics.IsValid() {
			env = append(env, fmt.Sprintf("HEALTH_PORT=%d", l.metrics.Port()))
		}
		if l.load.TLS {
			env = append(env, "TLS_CERT_FILE="+filepath.Join(l.dir, peers.CertFile), "TLS_KEY_FILE="+filepath.Join(l.dir, peers.KeyFile))
		}
		if !l.load.TLS || driver != "loop" {
			env = append(env, "DRIVER="+driver)
		}
		switch l.load.Kind {
		case load.KeepAlive:
			env = append(env, fmt.Sprintf("PING_INTERVAL=%v", load.PingInterval))
		case load.Rest:
			env = append(env, "PING_INTERVAL=0")
		}
		return nil, append(env, more...)
	}
}

// echosvc returns a row of echosvc, built from this repository.
func echosvc(name, title, driver string, more ...string) server {
	return server{
		name: name, title: "echosvc (" + title + ")", group: report.Ours, driver: driver, tls: true, pings: true,
		prepare: prepareEchosvc, command: echosvcCommand(driver, more...),
	}
}

// spread returns a row that may use both cores.
func spread(s server) server {
	s.spread = true
	return s
}

// scraped returns a row whose metrics are read.
func scraped(s server) server {
	s.scraped, s.another = true, true
	return s
}

// anotherBuild returns a row like s for another binary of echosvc.
func anotherBuild(s server, name, binary string) server {
	s.title = fmt.Sprintf("%s (%s)", name, s.driver)
	s.name, s.another = name, true
	s.prepare = func(s *server, dir string, cores cores) (err error) {
		if s.program, err = exec.LookPath(binary); err != nil {
			return fmt.Errorf("-also %s: %w", name, err)
		}
		return s.checkDriver(dir, cores)
	}
	return s
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
	return s.checkDriver(dir, cores)
}

// checkDriver checks that echosvc uses the driver that it is started with.
func (s *server) checkDriver(dir string, cores cores) error {
	trial := *s
	trial.command = func(l launch) (args, env []string) {
		args, env = s.command(l)
		return args, append(env, "LOG_LEVEL=info", "LOG_FORMAT=json")
	}
	process, err := trial.start(&load.Load{}, dir, cores)
	if err != nil {
		return err
	}
	defer process.kill()
	driver := ""
	for began := time.Now(); driver == "" && time.Since(began) < startTimeout; time.Sleep(10 * time.Millisecond) {
		driver = startDriver(process.output()) // the log line may come after the first connection
	}
	if driver != s.driver {
		return fmt.Errorf("%w: requested the driver %q, echosvc uses %q", errSkip, s.driver, driver)
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
