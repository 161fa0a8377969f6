package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/service"
)

// healthcheckUsage is printed before the list of flags.
const healthcheckUsage = `Usage: echosvc healthcheck [-wait 10s]

Requests /healthz from the service in the same environment. Exit status: 0 healthy, 1 everything else.

`

// healthcheck checks the health of the service in the same environment. It returns 1 for every
// failure, even for wrong usage, because Docker reserves 2.
func healthcheck(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	wait, err := parseHealthcheck(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(stderr, "echosvc: healthcheck: %v; \"echosvc healthcheck -h\" lists the flags\n", err)
		return exitFailed
	}
	c, err := config.Load()
	if err != nil {
		wrongConfig(stderr, "text", err) // Docker and people read it, not the log
		return exitFailed
	}
	if err := service.CheckHealth(ctx, c, wait); err != nil {
		fmt.Fprintf(stderr, "echosvc: unhealthy: %v\n", err)
		return exitFailed
	}
	fmt.Fprintln(stdout, "healthy")
	return exitOK
}

// parseHealthcheck parses the arguments. For -h it prints the usage and returns
// [flag.ErrHelp].
func parseHealthcheck(args []string, stdout io.Writer) (wait time.Duration, err error) {
	set := newFlags("healthcheck")
	set.Var((*duration)(&wait), "wait", "wait at most this `duration` until the service is healthy")
	if len(args) == 1 && asksForHelp(args[0]) {
		args = []string{"-h"}
	}
	err = parseFlags(set, args, healthcheckUsage, stdout)
	switch {
	case err != nil:
	case set.NArg() > 0:
		err = fmt.Errorf("there is no argument %q", set.Arg(0))
	case wait < 0:
		err = fmt.Errorf("-wait %v must be 0 or more", wait)
	}
	return wait, err
}
