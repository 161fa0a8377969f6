package socket

import (
	"net"
	"time"
)

// pause waits for the time at which the handler wants to be woken, and not for the peer.
func (c *portableConn) pause() (Step, error) {
	c.mu.Lock()
	if c.unpause == nil {
		c.unpause = make(chan struct{}, 1)
	}
	now := c.driver.config.Now()
	wake := c.handler.Waiting(now)
	c.mu.Unlock()
	var due <-chan time.Time
	if wake != 0 {
		timer := time.NewTimer(wake - now)
		defer timer.Stop()
		due = timer.C
	}
	if !c.poked.Load() {
		select {
		case <-due:
		case <-c.unpause:
		}
	}
	if c.driver.isCut() {
		return Step{}, net.ErrClosed
	}
	c.armed = 0 // a poke has put the read deadline into the past
	return c.wake(), nil
}
