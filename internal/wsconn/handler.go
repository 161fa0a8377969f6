package wsconn

import (
	"fmt"
	"log/slog"
	"net"
	"slices"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
)

var _ socket.Handler = (*Conn)(nil)

// New returns the handler of a connection that has just been accepted. id and remote
// identify it in the log.
func New(server *Server, id uint64, remote string) *Conn {
	return &Conn{server: server, id: id, peer: newPeer(remote, "")}
}

// Opened starts HANDSHAKE_TIMEOUT.
func (c *Conn) Opened(now socket.Instant) socket.Step {
	c.timers.opened = now
	c.timers.deadline = now.Add(c.server.Config.HandshakeTimeout)
	return socket.Step{}
}

// Receive answers the bytes that have arrived.
func (c *Conn) Receive(now socket.Instant, mem []byte, start, end int) (step socket.Step, kept int) {
	c.timers.received = now
	b := wsproto.Buffer{Mem: mem, Start: start, End: end}
	switch c.stage {
	case stageHead:
		return c.receiveHead(now, &b)
	case stageLingering:
		return socket.Step{}, 0
	}
	return c.receiveFrames(now, &b)
}

// EndOfInput closes the connection. A client that has shut down its sending side cannot
// send a close frame any more (RFC 6455 section 7.1.5).
func (c *Conn) EndOfInput(now socket.Instant) socket.Step {
	if c.stage == stageHead && c.timers.received > 0 {
		return c.endOfHead(now)
	}
	return socket.Step{Then: socket.Close}
}

// Flushed starts the time-outs that count from the last byte sent.
func (c *Conn) Flushed(now socket.Instant) {
	c.timers.flushed(now, c.server.Config.CloseTimeout, c.stage == stageOpen, c.notes.has(noteEchoed))
	c.notes &^= noteEchoed
	c.life.flushed = c.echo.closeSent()
}

// Established reports whether the WebSocket has been opened.
func (c *Conn) Established() bool { return c.upgraded }

// NextWake returns when a time-out, a ping or a control is due.
func (c *Conn) NextWake() socket.Instant {
	switch c.stage {
	case stageHead, stageClosing:
		return c.timers.deadline
	case stageLingering:
		return c.timers.lingerDeadline()
	}
	return c.nextWakeOpen()
}

// Wake does what is due.
func (c *Conn) Wake(now socket.Instant, scratch []byte) socket.Step {
	switch c.stage {
	case stageHead:
		return c.wakeHead(now)
	case stageOpen:
		if c.more != nil && c.more.order != nil {
			return c.obey(c.more.order, scratch)
		}
		return c.wakeOpen(now, scratch)
	}
	switch {
	case !c.NextWake().Reached(now):
		return socket.Step{}
	case c.stage == stageClosing:
		return c.giveUp()
	}
	return socket.Step{Then: socket.Close}
}

// Shed closes the connection because the memory that it holds is needed. A client that has
// sent a request or opened a WebSocket is told why.
func (c *Conn) Shed(now socket.Instant, scratch []byte) socket.Step {
	switch {
	case c.stage == stageHead && c.timers.received != 0:
		return c.refuse(now, outOfMemory(c.server.Account))
	case c.stage == stageClosing:
		return c.giveUp()
	case c.stage != stageOpen:
		return socket.Step{Then: socket.Close}
	}
	scratch = c.appendClose(scratch, whyMemory, wsproto.CloseTryAgainLater, fmt.Sprintf(memoryReason, c.server.Account.Limit()))
	step := c.giveUp()
	step.Write = scratch
	return step
}

// Held returns the size of a long head, or of the windows that the connection holds for past
// and present compressed messages.
func (c *Conn) Held() (bytes int, unfinished bool) {
	if c.more != nil && c.more.long != nil {
		return cap(c.more.long), true
	}
	inflater := c.echo.inflaterSize()
	return c.echo.historySize() + inflater, inflater > 0
}

// Hijacked hands a plain HTTP request to the HTTP server.
func (c *Conn) Hijacked(nc net.Conn, kept []byte) {
	if c.more != nil && c.more.long != nil {
		kept = slices.Concat(c.more.long, kept)
	}
	c.releaseRequest()
	c.server.HTTP.Deliver(nc, kept, c.peer.client())
}

// Closed counts and logs the end of a WebSocket.
func (c *Conn) Closed(now socket.Instant, cause error) {
	if c.notes.has(notePlain) {
		c.server.HTTP.Release()
	}
	if !c.upgraded {
		c.releaseRequest()
		return
	}
	if b := c.behavior(); b != nil {
		b.closed(c)
	}
	c.server.Account.Add(budget.Histories, -int64(c.echo.historySize()))
	summary := c.summary(now)
	c.server.Admission.leave(summary.Clean || c.endedItself())
	c.server.Metrics.Closed(&summary)
	c.remember(now, &summary, cause)
	if c.server.logs(slog.LevelInfo) && c.server.Lines.closed(now, summary.Clean) {
		c.logClosed(&summary, cause)
	}
	c.echo.end()
}
