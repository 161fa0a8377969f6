package service

import "github.com/echosvc/echosvc/internal/socket"

// haveLoop reports whether the system has the loop driver.
const haveLoop = true

// newLoopDriver returns the loop driver.
func newLoopDriver(config socket.Config, loops int) (driver, error) {
	return socket.NewLoop(config, loops)
}
