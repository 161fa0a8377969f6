//go:build !linux

package service

import (
	"errors"

	"github.com/echosvc/echosvc/internal/socket"
)

// haveLoop reports whether the system has the loop driver.
const haveLoop = false

// newLoopDriver always fails. It is not called: the configuration refuses DRIVER=loop here.
func newLoopDriver(socket.Config, int) (driver, error) {
	return nil, errors.ErrUnsupported
}
