package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/httpecho"
	"github.com/echosvc/echosvc/internal/wsconn"
)

// help prints the commands, every variable and every control.
func help(w io.Writer) {
	fmt.Fprint(w, `echosvc is a WebSocket echo server that returns exactly what it receives.

Usage:
  echosvc              serve until SIGTERM or Ctrl-C; settings may be flags, such as -p 9000 or --max-connections 100
  echosvc config       print the settings in force, and where each comes from: default, environment or argument
  echosvc healthcheck  request /healthz from the service in the same environment; exit status 0 if it is healthy, 1 if not;
                       -wait 10s waits until it is healthy
  echosvc probe URL    test an echo server, and the path to it; "echosvc probe -h" lists the flags
  echosvc version      print the version
  echosvc help         print this help

Settings, in the environment or as flags (name, default, meaning; durations have a unit, such as 25s):
`)
	config.WriteHelp(w) // fails only if w does
	fmt.Fprint(w, `
Controls, in the query of an upgrade, such as ws://localhost:8080/?greet=1&close_in=10s (docs/controls.md explains each):
`)
	wsconn.WriteControls(w)
	fmt.Fprint(w, `
Controls of plain HTTP, such as http://localhost:8080/x?status=503&delay=1s:
`)
	httpecho.WriteControls(w)
}

// The version and the revision of a release, set by the linker.
var (
	stamped  string
	revision string
)

// version returns the version, the revision if it is known, the Go version and the
// platform.
func version() string {
	version, revision := source()
	if revision != "" {
		version += " " + revision
	}
	return version + " " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH
}

// source returns the version and the revision of the source.
func source() (version, commit string) {
	build, _ := debug.ReadBuildInfo()
	return sourceVersion(stamped, revision, build)
}

// sourceVersion returns the version and the revision of the source. An empty one is
// replaced by what the go command recorded: the version of the module after "go install
// ...@v1.2.3", the commit after a build in a checkout. build may be nil.
func sourceVersion(stamped, revision string, build *debug.BuildInfo) (version, commit string) {
	if build != nil {
		if stamped == "" && build.Main.Version != "(devel)" {
			stamped = build.Main.Version
		}
		for _, setting := range build.Settings {
			if revision == "" && setting.Key == "vcs.revision" {
				revision = setting.Value
			}
		}
	}
	if stamped == "" {
		stamped = "devel"
	}
	return stamped, revision
}
