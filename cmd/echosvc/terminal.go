package main

import (
	"os"

	"golang.org/x/term"
)

// hungUp returns a function that reports whether the process has lost the terminal that it had
// at the start.
func hungUp() func() bool {
	if !haveTerminal() {
		return func() bool { return false }
	}
	return func() bool { return !haveTerminal() }
}

// haveTerminal reports whether the process has a working terminal. /dev/tty is that terminal,
// even if stdin, stdout and stderr are not.
func haveTerminal() bool {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer tty.Close()
	return term.IsTerminal(int(tty.Fd()))
}
