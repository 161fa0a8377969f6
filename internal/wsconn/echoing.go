package wsconn

import (
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// receiveFrames answers the frames in b (RFC 6455 sections 5 to 7).
func (c *Conn) receiveFrames(now socket.Instant, b *wsproto.Buffer) (step socket.Step, kept int) {
	if behavior := c.behavior(); behavior != nil {
		escaping := *b // so that b stays on the stack where there is no behavior
		step, kept = behavior.receive(c, now, &escaping)
		c.echo.settle()
		return step, kept
	}
	if c.echo.echo != nil {
		step, kept = c.echoFrames(now, c.echo.echo, b)
		c.echo.settle()
		return step, kept
	}
	var echo wsproto.Echo // on the stack, since most reads end with a message
	c.echo.rest.Resume(&echo, &c.server.Protocol)
	step, kept = c.echoFrames(now, &echo, b)
	c.echo.keep(&echo)
	return step, kept
}

// echoFrames echoes the frames in b.
func (c *Conn) echoFrames(now socket.Instant, echo *wsproto.Echo, b *wsproto.Buffer) (step socket.Step, kept int) {
	var traffic Traffic
	history := echo.HistorySize()
	ev := echo.Next(b)
	for ; ev.Kind != wsproto.NeedMore && ev.Kind != wsproto.Yield; ev = echo.Next(b) {
		c.note(now, echo, b, ev, &traffic)
	}
	c.count(&traffic, echo.HistorySize()-history)
	step.Write, kept = b.Out(), b.End-b.Start
	if kept > 0 {
		c.timers.data = now // a message is still arriving
	}
	switch {
	case echo.Done():
		c.finish()
		step.Then = socket.ShutDown
	case ev.Kind == wsproto.Yield:
		step.Then = socket.Yield
	}
	return step, kept
}

// nextWakeOpen returns when wakeOpen has something to do.
func (c *Conn) nextWakeOpen() socket.Instant {
	if b := c.behavior(); b != nil {
		return b.nextWake(c)
	}
	return c.keepAliveWake(false)
}

// wakeOpen does what is due on an open connection.
func (c *Conn) wakeOpen(now socket.Instant, scratch []byte) socket.Step {
	if b := c.behavior(); b != nil {
		return b.wake(c, now, scratch)
	}
	return socket.Step{Write: c.keepAlive(now, scratch, c.server.Config.PingInterval, false)}
}
