package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/service"
)

// help prints the commands, every variable and every control.
func help(w io.Writer) {
	fmt.Fprint(w, `echosvc is a WebSocket echo server: what you send is what comes back.

Usage:
  echosvc              serve, until SIGTERM or Ctrl-C
  echosvc healthcheck  ask /healthz of the service in the same environment; exit status 0, or 1 when it is unhealthy
  echosvc probe URL    look at an echo server, and at the path to it, from outside; "echosvc probe -h" says more
  echosvc version      print the version
  echosvc help         print this

Environment (name, default, meaning; durations have a unit, such as 25s):
`)
	config.WriteHelp(w) // fails only when w does
	fmt.Fprint(w, `
Controls, in the query of an upgrade (ws://localhost:8080/?greet=1&close_in=10s; the README says what each does):
`)
	service.WriteControls(w)
}

// The version and the revision of a release, set by the linker.
var (
	stamped  = "devel"
	revision string
)

// version is what was stamped into the binary, or what the Go toolchain knows of the
// source.
func version() string {
	v := stamped
	if revision != "" {
		v += " " + revision
	} else if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				v += " " + setting.Value
			}
		}
	}
	return v + " " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH
}
