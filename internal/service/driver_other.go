//go:build !linux

package service

import (
	"errors"

	"github.com/echosvc/echosvc/internal/socket"
)

// haveLoop reports whether the system has the loop driver.
const haveLoop = false

// newLoopDriver fails: the configuration allows the loop driver only where it is.
func newLoopDriver(socket.Config) (driver, error) {
	return nil, errors.ErrUnsupported
}
