package main

import (
	"os"

	"golang.org/x/term"
)

// hungUp returns a function that reports whether the terminal of the process has hung up: it had
// one at the start, and has none any more.
func hungUp() func() bool {
	if !haveTerminal() {
		return func() bool { return false }
	}
	return func() bool { return !haveTerminal() }
}

// haveTerminal reports whether the process has a terminal that works. /dev/tty is that terminal,
// also where stdin, stdout and stderr are something else.
func haveTerminal() bool {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer tty.Close()
	return term.IsTerminal(int(tty.Fd()))
}
