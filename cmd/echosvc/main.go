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

	"github.com/echosvc/echosvc/internal/config"
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
	if command == "probe" {
		return probeCommand(ctx, args[1:], stdout, stderr)
	}
	if len(args) > 1 {
		fmt.Fprintf(stderr, "echosvc: %s takes no arguments; run \"echosvc help\" for help\n", command)
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
	fmt.Fprintf(stderr, "echosvc: there is no command %q; \"echosvc help\" lists the commands\n", command)
	return exitUsage
}

// serve runs the service until a signal ends it.
func serve(ctx context.Context, getenv func(string) string, stderr io.Writer) int {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup does
		signal.Notify(signals, syscall.SIGHUP)
	}
	defer signal.Stop(signals)
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
	if err := service.New(c, log, version()).Run(ctx, signals); err != nil {
		fmt.Fprintf(stderr, "echosvc: %v\n", err)
		return exitFailed
	}
	return exitOK
}

// healthcheck checks the health of the service that runs in the same environment.
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
	fmt.Fprintf(stderr, "echosvc: invalid settings in the environment:\n%v\n", err)
	return exitUsage
}
