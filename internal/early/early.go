// Package early catches the signals that end the process. It is a separate package, so that
// this happens before most other packages are initialized. A signal that arrives earlier kills
// the process, and its parent sees a failure.
package early

import (
	"os"
	"os/signal"
	"syscall"
)

// Signals receives the signals that end the process, from its start.
var Signals = catch(syscall.SIGTERM, os.Interrupt)

// Hangups receives SIGHUP, unless the process was started to ignore it, as with nohup.
var Hangups = catchUnlessIgnored(syscall.SIGHUP)

// Release restores the default effect of these signals, for commands that end by themselves.
func Release() { signal.Reset(syscall.SIGTERM, os.Interrupt, syscall.SIGHUP) }

func catch(signals ...os.Signal) <-chan os.Signal {
	c := make(chan os.Signal, 4)
	signal.Notify(c, signals...)
	return c
}

func catchUnlessIgnored(s os.Signal) <-chan os.Signal {
	if signal.Ignored(s) {
		return nil
	}
	return catch(s)
}
