package socket

import (
	"time"

	"github.com/echosvc/echosvc/internal/budget"
)

// leave is called before a connection is closed. What its peer has not acknowledged stays
// with the system, which sends it for as long as the peer takes some of it. If memory is
// short, leave reports false: then the connection is to be reset, which frees it.
func (c *Config) leave(fd int) bool {
	if unacknowledged(fd) == 0 {
		return true
	}
	if c.Account.Pressure() >= budget.Refuse {
		return false
	}
	if c.LeaveTimeout == 0 {
		return true
	}
	limitDelivery(fd, c.LeaveTimeout)
	if bytes := stalledInKernel(int64(socketBytes(fd, false))); bytes > 0 && c.Account.Limit() > 0 {
		// The system does not report when it is done, so this is the time of a peer that
		// takes nothing.
		c.Account.Add(budget.Kernel, bytes)
		time.AfterFunc(c.LeaveTimeout, func() { c.Account.Add(budget.Kernel, -bytes) })
	}
	return true
}
