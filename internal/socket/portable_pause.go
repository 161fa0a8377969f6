package socket

import (
	"net"
	"time"
)

// poke has a connection woken soon, whether it reads or pauses. The caller holds c.mu.
func (c *portableConn) poke() {
	c.poked.Store(true)
	c.nc.SetReadDeadline(longAgo)
	select {
	case c.unpause <- struct{}{}:
	default: // it does not pause, or will see that it was poked already
	}
}

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

// reset closes the connection with a reset, without what TLS says at its end.
func (c *portableConn) reset() {
	nc := c.nc
	if over, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = over.NetConn()
	}
	if tcp, ok := nc.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	nc.Close()
}
