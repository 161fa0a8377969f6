package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/wsconn"
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
Controls, in the query of an upgrade (ws://localhost:8080/?greet=1&close_in=10s; docs/controls.md says what each does):
`)
	wsconn.WriteControls(w)
}

// The version and the revision of a release, set by the linker.
var (
	stamped  string
	revision string
)

// version returns the version, the revision where it is known, and the platform.
func version() string {
	build, _ := debug.ReadBuildInfo()
	return sourceVersion(stamped, revision, build) + " " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH
}

// sourceVersion returns the stamped version and revision, or for either that is empty
// what the go command recorded: the module's version, as with "go install ...@v1.2.3",
// and the commit of a build in a checkout. build is nil where it recorded nothing.
func sourceVersion(stamped, revision string, build *debug.BuildInfo) string {
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
	if revision == "" {
		return stamped
	}
	return stamped + " " + revision
}
