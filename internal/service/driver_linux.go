package service

import (
	"runtime"

	"github.com/echosvc/echosvc/internal/socket"
)

// haveLoop reports whether the system has the loop driver.
const haveLoop = true

// newLoopDriver returns the loop driver, with one loop per core.
func newLoopDriver(config socket.Config) (driver, error) {
	return socket.NewLoop(config, runtime.GOMAXPROCS(0))
}
