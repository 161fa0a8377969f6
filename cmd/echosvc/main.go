// Command echosvc is a WebSocket echo server. Without arguments it serves. "echosvc help"
// lists the commands, and the environment variables that configure it.
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
	exitFailed = 1 // a port is in use, the service is unhealthy, a check of the probe failed
	exitUsage  = 2 // a variable or an argument is invalid
)

// gcPercent is the service's default for GOGC. Messages make no garbage; connections do when
// they open and close. An idle connection costs 430 bytes with 25, garbage included, and
// 610 with Go's default of 100.
const gcPercent = 25

// run is the program. It gets variables that other programs share, such as NO_COLOR, from
// getenv. The settings come from the environment of the process, because envconfig reads
// no other. Cancelling ctx ends the service like a signal.
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
	if command == "healthcheck" {
		return healthcheck(ctx, args[1:], stdout, stderr)
	}
	if len(args) > 1 {
		fmt.Fprintf(stderr, "echosvc: %s takes no arguments; run \"echosvc help\" for help\n", command)
		return exitUsage
	}
	switch command {
	case "serve":
		return serve(ctx, getenv, stderr)
	case "version", "-version", "--version":
		fmt.Fprintln(stdout, version())
		return exitOK
	case "help", "-h", "-help", "--help":
		help(stdout)
		return exitOK
	}
	fmt.Fprintf(stderr, "echosvc: there is no command %q; \"echosvc help\" lists the commands\n", command)
	return exitUsage
}

// serve runs the service until a signal ends it.
func serve(ctx context.Context, getenv func(string) string, stderr io.Writer) int {
	signal.Ignore(syscall.SIGPIPE) // the service outlives the reader of its log

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

func wrongConfig(stderr io.Writer, err error) int {
	fmt.Fprintf(stderr, "echosvc: invalid settings in the environment:\n%v\n", err)
	return exitUsage
}
