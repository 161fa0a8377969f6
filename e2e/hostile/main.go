//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/echosvc/echosvc/internal/wstest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	failed, err := run(ctx, os.Args[1:], os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "hostile:", err)
		os.Exit(1)
	case failed > 0:
		os.Exit(1)
	}
}

// run runs the attacks that the arguments select, and returns how many failed.
func run(ctx context.Context, args []string, w io.Writer) (failed int, err error) {
	flags := flag.NewFlagSet("hostile", flag.ContinueOnError)
	sc := scenario{launch: launch{kill: 2 << 30}}
	var c criteria
	flags.StringVar(&sc.binary, "binary", "", "`path` of echosvc; by default, it is built from this repository")
	names := flags.String("attack", "", "regular `expression` of the attacks to run, by name")
	driverNames := flags.String("driver", "", "comma-separated `names` of drivers: loop, portable, wss; by default, all")
	flags.BoolVar(&sc.short, "short", false, "small sizes")
	flags.Float64Var(&sc.scale, "scale", 1, "`factor` of the full sizes")
	flags.IntVar(&sc.clients, "clients", 300, "`number` of good clients")
	flags.DurationVar(&sc.quiet, "quiet", 3*time.Second, "`time` before the attack")
	flags.DurationVar(&sc.duration, "duration", 5*time.Second, "`time` of an attack, after its peers are connected")
	flags.DurationVar(&sc.settle, "settle", 15*time.Second, "`time` within which all figures must be back at the baseline")
	flags.Var((*size)(&sc.memory), "memory", "MEMORY_LIMIT of the server, and the criterion for its memory with its sockets; 0: none")
	flags.Var((*size)(&sc.kill), "kill", "`size` at which the server is killed")
	flags.Float64Var(&c.maxP99Ratio, "max-p99-ratio", 0, "largest `ratio` of the p99 under attack to that before; 0 only reports it")
	flags.Float64Var(&c.minServed, "min-served", 0.9, "smallest `share` of newcomers and of health checks that are served")
	soak := flags.Duration("soak", 0, "`time` for a mix of all attacks, divided among the drivers")
	seed := flags.Uint64("seed", uint64(time.Now().UnixNano()), "`number` that determines the order of the mix")
	listOnly := flags.Bool("list", false, "print the attacks, with their full and small size")
	if err := flags.Parse(args); err != nil {
		return 0, flag.ErrHelp // it has been printed
	}
	if *listOnly {
		list(w)
		return 0, nil
	}
	expression, err := regexp.Compile(*names)
	if err != nil {
		return 0, err
	}
	selected := selectAttacks(expression)
	if len(selected) == 0 {
		return 0, fmt.Errorf("-attack %q matches no attack; -list prints them", *names)
	}
	chosen, err := selectDrivers(*driverNames)
	if err != nil {
		return 0, err
	}
	if *soak > 0 {
		fmt.Fprintf(w, "The order is that of -seed %d.\n", *seed)
		selected = []attack{mix(*seed)}
		sc.duration = *soak / time.Duration(len(chosen))
	}
	c.memory = sc.memory

	dir, err := os.MkdirTemp("", "hostile-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if err := sc.prepare(dir); err != nil {
		return 0, err
	}
	for _, d := range chosen {
		writeHead(w, d, &sc)
		for _, a := range selected {
			r := sc.run(ctx, a, d)
			if err := ctx.Err(); err != nil {
				return failed, err
			}
			failures := c.judge(&r)
			writeRow(w, &r, failures)
			if len(failures) > 0 {
				failed++
			}
		}
	}
	fmt.Fprintf(w, "\n%d of %d failed.\n", failed, len(chosen)*len(selected))
	return failed, nil
}

// prepare makes what all servers need: a certificate, and the binary unless there is one.
func (sc *scenario) prepare(dir string) (err error) {
	if sc.cert, err = wstest.NewCertificate(dir, "hostile"); err != nil {
		return err
	}
	if sc.binary != "" {
		sc.binary, err = filepath.Abs(sc.binary)
		return err
	}
	// It is built in its own module, with its own dependencies.
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/echosvc/echosvc").Output()
	if err != nil {
		return fmt.Errorf("go list: %w; run this in the directory e2e, or set -binary", err)
	}
	sc.binary = filepath.Join(dir, "echosvc")
	build := exec.Command("go", "build", "-o", sc.binary, "./cmd/echosvc")
	build.Dir = strings.TrimSpace(string(module))
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, output)
	}
	return nil
}

// selectDrivers returns the drivers with the given names.
func selectDrivers(names string) ([]driver, error) {
	if names == "" {
		return drivers, nil
	}
	var selected []driver
	for name := range strings.SplitSeq(names, ",") {
		found := false
		for _, d := range drivers {
			if d.name == name {
				selected = append(selected, d)
				found = true
			}
		}
		if !found {
			return nil, fmt.Errorf("-driver %q must be loop, portable or wss", name)
		}
	}
	return selected, nil
}
