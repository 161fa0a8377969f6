// Command echosvc is a WebSocket echo server. Without arguments it serves. "echosvc help"
// lists the commands and the settings.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

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

// gcPercent is the service's default for GOGC. Messages make no garbage, but connections do
// when they open and close. With 25, garbage adds at most a quarter to the heap; with Go's
// default of 100, it may double the heap.
const gcPercent = 25

// run is the program. getenv returns variables that other programs share, such as NO_COLOR.
// The settings come from args and the environment of the process, because envconfig reads no
// other. Canceling ctx ends the service like a signal.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	command, rest := "serve", args
	if len(args) > 0 && !isSetting(args[0]) {
		command, rest = args[0], args[1:]
	}
	if command != "serve" {
		early.Release()
	}
	switch {
	case command == "probe":
		return probeCommand(ctx, rest, stdout, stderr)
	case command == "healthcheck":
		return healthcheck(ctx, rest, stdout, stderr)
	case command == "serve" || command == "config":
		return withSettings(ctx, command, rest, getenv, stdout, stderr)
	case command == "help":
		return helpCommand(ctx, rest, stdout, stderr)
	case commands[command] && slices.ContainsFunc(rest, asksForHelp):
		help(stdout)
		return exitOK
	case commands[command] && len(rest) > 0:
		fmt.Fprintf(stderr, "echosvc: %s takes no arguments; run \"echosvc help\" for help\n", command)
		return exitUsage
	case command == "version":
		fmt.Fprintln(stdout, version())
		return exitOK
	}
	return wrongArguments(stderr, nil, fmt.Errorf("there is no command %q%s; \"echosvc help\" lists the commands", command, meantBy(command)))
}

// commands are the names of all commands.
var commands = map[string]bool{"serve": true, "healthcheck": true, "probe": true, "config": true, "version": true, "help": true}

// withSettings runs a command whose arguments are settings.
func withSettings(ctx context.Context, command string, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	arguments, err := parseSettings(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		help(stdout)
		return exitOK
	case errors.Is(err, errVersion):
		fmt.Fprintln(stdout, version())
		return exitOK
	case err != nil:
		return wrongArguments(stderr, arguments, fmt.Errorf("%w; run \"echosvc help\" for help", err))
	}
	c, err := config.Load(arguments...)
	if command == "config" {
		config.WriteSettings(stdout, arguments...) // fails only if stdout does
	}
	switch {
	case err != nil:
		return wrongConfig(stderr, c.LogFormat, err)
	case command == "config":
		writeNearMisses(stderr)
		return exitOK
	}
	return serve(ctx, c, getenv, stdout, stderr)
}

// helpCommand prints the help about one command, or about all of them.
func helpCommand(ctx context.Context, topics []string, stdout, stderr io.Writer) int {
	switch {
	case len(topics) == 0 || isSetting(topics[0]):
		help(stdout)
		return exitOK
	case topics[0] == "probe":
		return probeCommand(ctx, []string{"-h"}, stdout, stderr)
	case topics[0] == "healthcheck":
		return healthcheck(ctx, []string{"-h"}, stdout, stderr)
	case commands[topics[0]]:
		help(stdout)
		return exitOK
	}
	fmt.Fprintf(stderr, "echosvc: there is no command %q; \"echosvc help\" lists the commands\n", topics[0])
	return exitUsage
}

// serve runs the service until a signal ends it.
func serve(ctx context.Context, c config.Config, getenv func(string) string, stdout, stderr io.Writer) int {
	signal.Ignore(syscall.SIGPIPE) // the service outlives the reader of its log

	if getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	log, dropped, flush := service.NewLogger(c, stderr, withoutColors(getenv))
	logNearMisses(log)
	s := service.New(c, log, version())
	s.Build.Version, s.Build.Revision = source()
	s.DroppedLines = dropped
	signals := make(chan os.Signal, 1)
	ended := make(chan struct{})
	defer close(ended)
	go relaySignals(signals, ended, hungUp(), s.ReloadCertificate)
	err := s.Run(ctx, signals, stdout)
	if err != nil && c.LogFormat == logJSON {
		log.Error("cannot start", "error", err.Error())
	}
	flush()
	switch {
	case err == nil:
		return exitOK
	case c.LogFormat != logJSON:
		fmt.Fprintf(stderr, "echosvc: %v\n", err)
	}
	return exitFailed
}

// withoutColors reports whether a terminal must not get colors, because of NO_COLOR
// (https://no-color.org) or because it would show them as text.
func withoutColors(getenv func(string) string) bool {
	return getenv("NO_COLOR") != "" || getenv("TERM") == "dumb"
}

// relaySignals forwards the signals that end the service, until ended is closed. SIGHUP is one
// of them if the terminal has hung up. Otherwise it reloads the certificate.
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

// logJSON is the LOG_FORMAT with which everything on stderr is JSON.
const logJSON = "json"

// wrongConfig reports an error of [config.Load], which has a line for each wrong setting.
func wrongConfig(stderr io.Writer, format config.LogFormat, err error) int {
	if format == logJSON {
		logInvalid(stderr, err)
		return exitUsage
	}
	fmt.Fprintf(stderr, "echosvc: invalid settings:\n%v\n", err)
	writeNearMisses(stderr)
	return exitUsage
}

// wrongArguments reports arguments that are neither settings nor a command. before are the
// settings before them.
func wrongArguments(stderr io.Writer, before []config.Argument, err error) int {
	if c, _ := config.Load(before...); c.LogFormat == logJSON { // whatever else is wrong
		logInvalid(stderr, err)
	} else {
		fmt.Fprintf(stderr, "echosvc: %v\n", err)
	}
	return exitUsage
}

// logInvalid logs, as JSON, each line of an error about settings.
func logInvalid(stderr io.Writer, err error) {
	c := config.Default() // LOG_LEVEL may be wrong
	c.LogFormat = logJSON
	log, _, flush := service.NewLogger(c, stderr, true)
	for wrong := range strings.SplitSeq(err.Error(), "\n") {
		log.Error("invalid setting", "error", wrong)
	}
	logNearMisses(log)
	flush()
}

// logNearMisses logs each variable that looks like a setting but is not one.
func logNearMisses(log *slog.Logger) {
	for _, miss := range config.NearMisses(os.Environ()) {
		log.Warn("a variable is not a setting, but looks like one", "variable", miss.Name, "meant", miss.Meant)
	}
}

// writeNearMisses writes a line for each variable that looks like a setting but is not one.
func writeNearMisses(w io.Writer) {
	for _, miss := range config.NearMisses(os.Environ()) {
		fmt.Fprintln(w, miss)
	}
}
