package wsconn

import (
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// receiveFrames answers the frames in b (RFC 6455 sections 5 to 7).
func (c *Conn) receiveFrames(now socket.Instant, b *wsproto.Buffer) (step socket.Step, kept int) {
	if c.behavior != nil {
		escaping := *b // so that b stays on the stack where there is no behavior
		return c.behavior.receive(c, now, &escaping)
	}
	var traffic Traffic
	history := c.echo.HistorySize()
	ev := c.echo.Next(b)
	for ; ev.Kind != wsproto.NeedMore && ev.Kind != wsproto.Yield; ev = c.echo.Next(b) {
		c.note(now, b, ev, &traffic)
	}
	c.count(&traffic, history)
	step.Write, kept = b.Out(), b.End-b.Start
	if kept > 0 {
		c.timers.data = now // a message is still arriving
	}
	switch {
	case c.echo.Done():
		c.finish()
		step.Then = socket.ShutDown
	case ev.Kind == wsproto.Yield:
		step.Then = socket.Yield
	}
	return step, kept
}

// nextWakeOpen returns when wakeOpen has something to do.
func (c *Conn) nextWakeOpen() socket.Instant {
	if c.behavior != nil {
		return c.behavior.nextWake(c)
	}
	return c.keepAliveWake(false)
}

// wakeOpen does what is due on an open connection.
func (c *Conn) wakeOpen(now socket.Instant, scratch []byte) socket.Step {
	if c.behavior != nil {
		return c.behavior.wake(c, now, scratch)
	}
	return socket.Step{Write: c.keepAlive(now, scratch, c.server.Config.PingInterval, false)}
}
