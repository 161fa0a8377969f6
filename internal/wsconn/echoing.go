package wsconn

import (
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// echoing is the behavior of a connection that asked for nothing else: it answers each
// frame at once.
type echoing struct{}

// receive answers every frame in b (RFC 6455 sections 5 to 7).
func (echoing) receive(c *Conn, now socket.Instant, b *wsproto.Buffer) (step socket.Step, kept int) {
	var traffic Traffic
	history := c.echo.HistorySize()
	ev := c.echo.Next(b)
	for ; ev.Kind != wsproto.NeedMore && ev.Kind != wsproto.Yield; ev = c.echo.Next(b) {
		c.note(now, b, ev, &traffic)
	}
	c.count(&traffic, history)
	step.Write, kept = b.Out(), b.End-b.Start
	if kept > 0 {
		c.timers.data = now // of a message that is still arriving
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

func (echoing) nextWake(c *Conn) socket.Instant { return c.keepAliveWake(false) }

func (echoing) wake(c *Conn, now socket.Instant, scratch []byte) socket.Step {
	return socket.Step{Write: c.keepAlive(now, scratch, c.server.Config.PingInterval, false)}
}

func (echoing) String() string { return "" }
