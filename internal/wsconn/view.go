package wsconn

import (
	"time"

	"github.com/echosvc/echosvc/internal/requestinfo"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// View is what a list shows of a WebSocket, in the form in which the connection has it. It
// takes no memory of its own, so that many can be compared to find the few that are shown.
type View struct {
	id                     uint64
	peer                   peer
	host                   string
	opened, data           socket.Instant
	messages, bytes, saved int64
	held                   int64
	rtt                    microseconds
	subprotocol, controls  string
	deflate                wsproto.Deflate
	stage                  stage
	ended                  *endedView // nil while the connection is open
}

// endedView is what a View has of a WebSocket that has ended.
type endedView struct {
	end
	at        socket.Instant
	initiator Initiator
	clean     bool
	err       wsproto.ProtocolError
	cause     string // the error of the socket
}

// ID returns the number that New was given.
func (c *Conn) ID() uint64 { return c.id }

// View returns what is shown of the connection, which must be a WebSocket. held is what its
// driver holds for it, in bytes. It must not be called while another method runs.
func (c *Conn) View(held int64) View {
	own, _ := c.Held()
	v := View{
		id: c.id, peer: c.peer, host: c.server.hosts.full(c.peer.field(peerHost)), opened: c.timers.opened, data: c.timers.data,
		messages: c.messages, bytes: c.bytes, saved: c.saved, held: held + int64(own), rtt: c.rtt,
		subprotocol: c.subprotocol(), deflate: c.echo.deflate(), stage: c.stage,
	}
	if b := c.behavior(); b != nil {
		v.controls, _ = b.query()
	}
	return v
}

// ID returns the number that New was given.
func (v *View) ID() uint64 { return v.id }

// Addresses returns the address of the other end of the connection and, if it is another one
// and known, that of the client behind proxies.
func (v *View) Addresses() (remote, client string) { return v.peer.remote(), v.peer.client() }

// Path returns the path of the request, at most 128 bytes of it.
func (v *View) Path() string { return v.peer.path() }

// State returns the stage of a connection that is open, or "ended".
func (v *View) State() string {
	if v.ended != nil {
		return "ended"
	}
	return v.stage.String()
}

// Code returns the close code that ended the connection, or 0 if it is open.
func (v *View) Code() int {
	if v.ended == nil {
		return 0
	}
	return int(v.ended.code)
}

// Column is what a list can be sorted by.
type Column uint8

// The columns, each with the unit of its [View.Number].
const (
	ByID       Column = iota
	BySince           // a socket.Instant
	ByActivity        // a socket.Instant
	ByMessages        // a count
	ByBytes           // bytes of payload
	ByHeld            // bytes of memory
	ByRTT             // microseconds; 0 if not known
	ByEnd             // a socket.Instant; 0 while the WebSocket is open
	ByDuration        // nanoseconds; 0 while the WebSocket is open
)

// Number returns the value of a column.
func (v *View) Number(column Column) int64 {
	switch column {
	case BySince:
		return int64(v.opened)
	case ByActivity:
		return int64(v.data)
	case ByMessages:
		return v.messages
	case ByBytes:
		return v.bytes
	case ByHeld:
		return v.held
	case ByRTT:
		return int64(v.rtt)
	case ByEnd, ByDuration:
		if v.ended == nil {
			return 0
		}
		if column == ByEnd {
			return int64(v.ended.at)
		}
		return int64(v.ended.at.Sub(v.opened))
	}
	return int64(v.id)
}

// Info returns the View in the form in which it is shown. clock converts an instant to wall
// clock time.
func (v *View) Info(clock func(socket.Instant) time.Time) Info {
	shown := func(field int) string { return printable(v.peer.field(field)) }
	info := Info{
		ID: v.id, Remote: v.peer.remote(), Client: v.peer.client(),
		Path: printable(v.peer.path()), Host: printable(v.host), Origin: shown(peerOrigin), UserAgent: shown(peerUserAgent),
		Since: clock(v.opened), LastActivity: clock(v.data), Messages: v.messages, Bytes: v.bytes, Held: v.held, Saved: v.saved,
		Subprotocol: v.subprotocol, Extensions: v.deflate.String(), Controls: printable(v.controls),
		RTT: float64(v.rtt) / 1000, State: v.State(),
	}
	if v.ended != nil {
		info.Ended = v.ended.info(v.opened, clock)
	}
	return info
}

// info returns the end of a connection in the form in which it is shown.
func (e *endedView) info(opened socket.Instant, clock func(socket.Instant) time.Time) *Ended {
	info := &Ended{
		At: clock(e.at), DurationMS: float64(e.at.Sub(opened).Microseconds()) / 1000, Code: int(e.code), ReasonLength: int(e.reason),
		Initiator: e.initiator.String(), Clean: e.clean, Why: e.why.String(), Error: requestinfo.Visible(e.cause),
	}
	if e.err != 0 {
		info.Error = e.err.Name()
	}
	return info
}
