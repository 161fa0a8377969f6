// Command echosvc is a WebSocket echo server. Without arguments it serves, configured
// by its environment; "echosvc help" says how.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"golang.org/x/term"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/early"
	"github.com/echosvc/echosvc/internal/service"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1 // a port in use, an unhealthy service, a check that failed
	exitUsage  = 2 // a wrong variable or argument
)

// gcPercent is how much of the heap may be garbage. Messages make none, connections do
// when they come and go, and what is left of it is memory that each idle connection seems
// to cost: 430 bytes with 25, 610 with Go's default of 100. GOGC overrides it.
const gcPercent = 25

// run is the program. getenv answers for conventions that other programs share
// (NO_COLOR); the variables of echosvc are read by envconfig, which knows only the
// environment of the process. ctx ends the service in the way of a signal.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	command := "serve"
	if len(args) > 0 {
		command = args[0]
	}
	if command != "serve" {
		early.Release()
	}
	if command == "probe" {
		return probeCommand(ctx, args[1:], stdout, stderr)
	}
	if len(args) > 1 {
		fmt.Fprintf(stderr, "echosvc: %s takes no arguments; \"echosvc help\" says more\n", command)
		return exitUsage
	}
	switch command {
	case "serve":
		return serve(ctx, getenv, stderr)
	case "healthcheck":
		return healthcheck(ctx, stdout, stderr)
	case "version", "-version", "--version":
		fmt.Fprintln(stdout, version())
		return exitOK
	case "help", "-h", "-help", "--help":
		help(stdout)
		return exitOK
	}
	fmt.Fprintf(stderr, "echosvc: there is no command %q; \"echosvc help\" lists them\n", command)
	return exitUsage
}

// serve runs the service until a signal ends it.
func serve(ctx context.Context, getenv func(string) string, stderr io.Writer) int {
	signal.Ignore(syscall.SIGPIPE) // a log that nobody reads any more must not end the echo

	c, err := config.Load()
	if err != nil {
		return wrongConfig(stderr, err)
	}
	if getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	log, flush := service.NewLogger(c, stderr, getenv("NO_COLOR") != "")
	defer flush()
	s := service.New(c, log, version())
	signals := make(chan os.Signal, 1)
	ended := make(chan struct{})
	defer close(ended)
	go relaySignals(signals, ended, hungUp(int(os.Stdin.Fd())), s.ReloadCertificate)
	if err := s.Run(ctx, signals); err != nil {
		fmt.Fprintf(stderr, "echosvc: %v\n", err)
		return exitFailed
	}
	return exitOK
}

// relaySignals passes on the signals that end the service, until ended is closed. SIGHUP
// is one of them if the terminal has hung up; otherwise it reloads the certificate.
func relaySignals(signals chan<- os.Signal, ended <-chan struct{}, hungUp func() bool, reload func()) {
	for {
		var s os.Signal
		select {
		case <-ended:
			return
		case s = <-early.Signals:
		case s = <-early.Hangups:
			if !hungUp() {
				reload()
				continue
			}
		}
		select {
		case signals <- s:
		case <-ended:
			return
		}
	}
}

// hungUp returns a function that reports whether the terminal fd has hung up: it was a
// terminal at the start, and no longer answers as one.
func hungUp(fd int) func() bool {
	if !term.IsTerminal(fd) {
		return func() bool { return false }
	}
	return func() bool { return !term.IsTerminal(fd) }
}

// healthcheck asks the service that runs in the same environment.
func healthcheck(ctx context.Context, stdout, stderr io.Writer) int {
	c, err := config.Load()
	if err != nil {
		return wrongConfig(stderr, err)
	}
	if err := service.CheckHealth(ctx, c); err != nil {
		fmt.Fprintf(stderr, "echosvc: unhealthy: %v\n", err)
		return exitFailed
	}
	fmt.Fprintln(stdout, "healthy")
	return exitOK
}

func wrongConfig(stderr io.Writer, err error) int {
	fmt.Fprintf(stderr, "echosvc: the environment has wrong settings:\n%v\n", err)
	return exitUsage
}
