// Package early catches the signals that end the process. It is a package of its own so
// that this happens before most other packages are initialized: a signal that arrives
// before it is caught kills the process, and what started it sees a failure.
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

// Release gives all of these signals their default effect again. Commands that end by
// themselves have no use for them.
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
