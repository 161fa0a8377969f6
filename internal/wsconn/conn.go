package wsconn

import (
	"log/slog"
	"strings"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/query"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// Conn is the life of one connection. It is a [socket.Handler]: its driver calls one method
// at a time.
//
// Most connections are idle, so what few of them need is in allocations of its own. What is
// left takes 160 bytes, which TestConnSize holds.
type Conn struct {
	server *Server
	id     uint64
	peer   peer  // fixed once the WebSocket is open
	more   *more // nil for nearly all
	echo   lentEcho

	timers
	// What was echoed: messages, bytes of payload as received, and bytes that compression
	// saved.
	messages, bytes, saved int64

	rtt microseconds // of the last answered ping
	life
	goodbye goodbye
	notes   notes
}

// notes are facts about a connection, each a bit.
type notes uint8

const (
	noteBegun  notes = 1 << iota // the PROXY protocol header, if any, has been taken off the input
	noteHEAD                     // the method of the request is HEAD
	notePlain                    // the request was admitted as plain HTTP
	noteEchoed                   // data has been echoed since the last Flushed
)

func (n notes) has(note notes) bool { return n&note != 0 }

// more is what few connections need.
type more struct {
	requestState
	behavior    behavior // nil for nearly all: see echoing.go
	order       *order   // nil if there is none
	subprotocol string   // that was agreed, at most maxPeerField bytes of it
}

// order is how an operator ends an open WebSocket. The next Wake carries it out.
type order struct {
	drop   bool // end TCP without a close frame
	code   wsproto.CloseCode
	reason string
}

// behavior replaces the plain echo while the WebSocket is open.
type behavior interface {
	// receive answers the frames in b. See [socket.Handler] for the results.
	receive(c *Conn, now socket.Instant, b *wsproto.Buffer) (step socket.Step, kept int)
	// nextWake returns when wake has something to do.
	nextWake(c *Conn) socket.Instant
	// wake does what is due. It may append to scratch.
	wake(c *Conn, now socket.Instant, scratch []byte) socket.Step
	// query returns the query that asked for it, and the names of its controls.
	query() (query, names string)
	// closed is called last.
	closed(c *Conn)
}

// start opens the WebSocket. ignored are the names of parameters that are not controls.
func (c *Conn) start(now socket.Instant, handshake *wsproto.Handshake, b behavior, pingInterval time.Duration, ignored query.Names) {
	c.releaseRequest()
	if names := ignored.String(); names != "" || b != nil || handshake.Subprotocol != "" {
		c.more = &more{requestState: requestState{ignored: names}, behavior: b, subprotocol: strings.Clone(cut(handshake.Subprotocol, maxPeerField))}
	}
	c.life.open()
	c.echo.rest = wsproto.NewRest(handshake.Deflate)
	c.timers.open(now, pingInterval)
	c.server.Metrics.Opened()
	if c.server.logs(slog.LevelDebug) {
		c.server.Log.Debug("connection opened", c.peer.attrs(c.id, "subprotocol", handshake.Subprotocol, "extensions", handshake.Deflate.String())...)
	}
}

// behavior returns the connection's behavior; nil for nearly all.
func (c *Conn) behavior() behavior {
	if c.more == nil {
		return nil
	}
	return c.more.behavior
}

// subprotocol returns the subprotocol that was agreed, or "".
func (c *Conn) subprotocol() string {
	if c.more == nil {
		return ""
	}
	return c.more.subprotocol
}

// releaseRequest gives up what is kept of the request.
func (c *Conn) releaseRequest() {
	if c.more != nil {
		c.more.release(c.server.Account)
		c.more = nil
	}
}

// note updates the connection after an event has been answered in b.
func (c *Conn) note(now socket.Instant, echo *wsproto.Echo, b *wsproto.Buffer, ev *wsproto.Event, traffic *Traffic) {
	switch ev.Kind {
	case wsproto.Data:
		if c.stage != stageOpen {
			return
		}
		traffic.add(ev)
		c.timers.data = now
		c.notes |= noteEchoed
		if c.goodbye.ends(c.server.Config.Goodbye, ev) {
			c.sendClose(echo, b, whyGoodbye, wsproto.CloseNormalClosure, "goodbye")
		}
	case wsproto.Pong:
		if rtt, ok := c.timers.pong(now, ev.Payload); ok {
			c.rtt = toMicroseconds(rtt)
			c.server.Metrics.PongReceived(rtt)
		}
	case wsproto.Close:
		c.life.noteClose(ByClient, end{why: whyClient, code: ev.Code, reason: uint8(max(0, len(ev.Payload)-2))})
	case wsproto.Failed:
		c.life.fail(ev.Err, echo.CloseReason(ev.Err))
	}
}

// count counts the messages that were echoed in one call of Receive, and what context
// takeover keeps beyond what it kept before.
func (c *Conn) count(traffic *Traffic, grown int) {
	if grown != 0 {
		c.server.Account.Add(budget.Histories, int64(grown))
	}
	c.messages += traffic.Text + traffic.Binary
	c.bytes += traffic.Bytes
	c.saved += traffic.Saved - traffic.Grown
	c.server.Metrics.Echoed(*traffic)
}

// sendClose writes a close frame to b and starts to wait for the client's.
func (c *Conn) sendClose(echo *wsproto.Echo, b *wsproto.Buffer, why why, code wsproto.CloseCode, reason string) {
	c.closing(ByServer, newEnd(why, code, reason))
	echo.Close(b, code, reason)
}

// appendClose is sendClose with the frame appended to dst.
func (c *Conn) appendClose(dst []byte, why why, code wsproto.CloseCode, reason string) []byte {
	c.closing(ByServer, newEnd(why, code, reason))
	return c.echo.borrow(&c.server.Protocol).AppendClose(dst, code, reason)
}

// closing starts to wait for the end of the closing handshake, which one side has begun.
func (c *Conn) closing(by Initiator, how end) {
	c.life.startClosing(by, how)
	c.timers.startStage()
}

// drop ends TCP without a close frame.
func (c *Conn) drop(why why) socket.Step {
	c.life.noteClose(ByServer, end{why: why, code: wsproto.CloseAbnormalClosure})
	c.finish()
	return socket.Step{Then: socket.ShutDown}
}

// giveUp starts to linger without the client's close frame, which is not accepted any more.
// The server's own may still be on its way to a client that is slow to read.
func (c *Conn) giveUp() socket.Step {
	c.finish()
	c.echo.release() // nothing more is decoded
	return socket.Step{Then: socket.ShutDown}
}

// finish starts to linger. Closing TCP at once, with input unread, would send a reset,
// and a reset can destroy a close frame that the client has not read (RFC 6455 section
// 7.1.1).
func (c *Conn) finish() {
	c.life.linger()
	c.timers.startStage()
}
