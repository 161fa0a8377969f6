package wsconn

import (
	"fmt"
	"time"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// keepAliveWake returns when keepAlive has something to do. A paused connection is not read, so
// a missing pong or missing data proves nothing about the client.
func (c *Conn) keepAliveWake(paused bool) socket.Instant {
	at := socket.Earliest(c.timers.nextPing, c.timers.deadline)
	if !paused {
		config := &c.server.Config
		at = socket.Earliest(at, c.timers.pongDeadline(config.PongTimeout), c.timers.idleDeadline(config.IdleTimeout))
	}
	return at
}

// keepAlive appends the frame that is due on an open connection, if any: a close frame
// because of the drain, a missing pong or IDLE_TIMEOUT, or a ping.
func (c *Conn) keepAlive(now socket.Instant, dst []byte, pingInterval time.Duration, paused bool) []byte {
	t, config := &c.timers, &c.server.Config
	t.deadline = c.server.Admission.closeAt(t.deadline)
	switch {
	case t.deadline.Reached(now):
		return c.appendClose(dst, whyDrain, wsproto.CloseGoingAway, "the server is shutting down")
	case !paused && t.pongDeadline(config.PongTimeout).Reached(now):
		c.server.Metrics.PongMissed()
		return c.appendClose(dst, whyNoPong, wsproto.CloseInternalError, fmt.Sprintf("no pong within PONG_TIMEOUT=%v of this server", config.PongTimeout))
	case !paused && t.idleDeadline(config.IdleTimeout).Reached(now):
		return c.appendClose(dst, whyIdle, wsproto.CloseGoingAway, fmt.Sprintf("no data message within IDLE_TIMEOUT=%v of this server", config.IdleTimeout))
	case t.nextPing.Reached(now):
		return wsproto.AppendPing(dst, t.ping(now, pingInterval))
	}
	return dst
}
