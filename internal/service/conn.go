package service

import (
	"net"
	"strconv"
	"time"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// stage is where a connection is in its life. It only goes forward.
type stage uint8

const (
	stageHead      stage = iota // the request head is arriving
	stageOpen                   // the WebSocket is open
	stageClosing                // the server's close frame has been sent, the client's is awaited
	stageLingering              // all is said, the sending side is shut down, what arrives is discarded
)

func (s stage) String() string {
	return [...]string{"handshake", "open", "closing", "closed"}[s]
}

// initiator is who began the close.
type initiator uint8

const (
	byNobody initiator = iota // TCP broke
	byClient
	byServer
)

func (i initiator) String() string { return [...]string{"nobody", "client", "server"}[i] }

// conn is the life of one connection. It implements socket.Handler: the driver
// calls one method at a time.
//
//	head -> open -> closing -> lingering -> closed     the server closes first
//	head -> open ------------> lingering -> closed     the client does, or breaks the protocol
//	head --------------------> lingering -> closed     a refused upgrade
//	head -> detached                                   plain HTTP
type conn struct {
	svc    *Service
	id     uint64
	remote string

	stage       stage
	closedBy    initiator
	wasOpen     bool // the upgrade was accepted and is counted in svc.live
	answering   bool // the answer to data is on its way
	matched     int8 // bytes of the goodbye word that the current message has repeated; -1 is none
	closeCode   wsproto.CloseCode
	violation   wsproto.Violation
	head        wsproto.Head
	echo        wsproto.Echo
	subprotocol string

	// Messages that were answered, and their payload, as it is on the wire, in bytes.
	messages int64
	bytes    int64
	saved    int64 // bytes by which their compression made them shorter, as they were received

	timers   timers
	controls *controls // nil for most
}

// Opened starts the time for the request head.
func (c *conn) Opened(now time.Duration) socket.Step {
	c.timers.opened = now
	c.timers.deadline = now + c.svc.config.HandshakeTimeout
	return socket.Step{}
}

// Receive goes on with what has arrived.
func (c *conn) Receive(now time.Duration, mem []byte, start, end int) socket.Step {
	c.timers.received = now
	b := wsproto.Buffer{Mem: mem, Start: start, End: end}
	if c.controls != nil {
		return c.receiveControlled(now, &b)
	}
	switch c.stage {
	case stageHead:
		return c.receiveHead(now, &b)
	case stageLingering:
		return socket.Step{}
	}
	return c.receiveFrames(now, &b)
}

// receiveHead goes on with the opening handshake (RFC 6455 section 4.2).
func (c *conn) receiveHead(now time.Duration, b *wsproto.Buffer) socket.Step {
	head := b.Mem[b.Start:b.End]
	n, refusal := c.head.Scan(head)
	if refusal != nil {
		return c.refuse(refusal)
	}
	if n == 0 {
		return socket.Step{Kept: len(head)}
	}
	request, refusal := wsproto.ParseRequest(head[:n])
	if refusal != nil {
		return c.refuse(refusal)
	}
	if !request.IsUpgrade() {
		return socket.Step{Kept: len(head), Then: socket.Detach}
	}
	controls, refusal := c.svc.controlsOf(request.Target)
	if refusal != nil {
		return c.refuse(refusal)
	}
	agreement, refusal := c.svc.policy.Accept(&request)
	if refusal == nil {
		refusal = c.svc.admit()
	}
	if refusal != nil {
		return c.refuse(refusal)
	}
	if controls != nil {
		b.Start += n
		return c.openControlled(now, b, agreement, &request, controls)
	}
	b.Replace(n, agreement.AppendResponse(nil))
	c.open(now, agreement)
	return c.receiveFrames(now, b)
}

// open begins the WebSocket.
func (c *conn) open(now time.Duration, agreement wsproto.Agreement) {
	c.stage = stageOpen
	c.wasOpen = true
	c.subprotocol = agreement.Subprotocol
	c.echo = wsproto.NewEcho(&c.svc.protocol, agreement.Deflate)
	c.timers.open(now, c.pingInterval())
	c.svc.meters.opened.Inc()
	c.svc.log.Debug("connection opened", "id", c.id, "remote", c.remote, "subprotocol", c.subprotocol, "extensions", agreement.Deflate.String())
}

// receiveFrames answers every frame in b (RFC 6455 sections 5 to 7).
func (c *conn) receiveFrames(now time.Duration, b *wsproto.Buffer) socket.Step {
	var echo echoed
	for {
		ev := c.echo.Next(b)
		switch ev.Kind {
		case wsproto.NeedMore, wsproto.Yield:
			c.messages += echo.text + echo.binary
			c.bytes += echo.bytes
			c.svc.meters.echoed(echo)
			step := socket.Step{Write: b.Out(), Kept: b.End - b.Start}
			if step.Kept > 0 {
				c.timers.data = now // of a message that is on its way
			}
			switch {
			case c.echo.Last():
				c.linger()
				step.Then = socket.ShutDown
			case ev.Kind == wsproto.Yield:
				step.Then = socket.Again
			}
			return step
		case wsproto.Data:
			if c.stage == stageOpen {
				echo.piece(ev)
				c.receiveData(now, b, ev)
			}
		case wsproto.Pong:
			if rtt, ok := c.timers.pong(now, ev.Payload); ok {
				c.svc.meters.rtts.Observe(rtt.Seconds())
			}
		case wsproto.Close:
			c.began(byClient, ev.Code)
		case wsproto.Failed:
			c.violation = ev.Violation
			c.began(byServer, ev.Violation.CloseCode())
		}
		if c.controls != nil {
			c.control(b, ev)
		}
	}
}

// receiveData notes an answered data frame, or a piece of one, and looks for the goodbye word.
func (c *conn) receiveData(now time.Duration, b *wsproto.Buffer, ev *wsproto.Event) {
	c.timers.data, c.answering = now, true
	c.saved += ev.Saved
	if c.saysGoodbye(ev) {
		var frame [127]byte
		b.Append(c.close(frame[:0], wsproto.NormalClosure, "goodbye"))
	}
}

// saysGoodbye says whether a message that equals the goodbye word ends with ev. The
// case of ASCII letters does not count.
func (c *conn) saysGoodbye(ev *wsproto.Event) bool {
	word := string(c.svc.config.Goodbye)
	if ev.Compressed {
		return word != "" && ev.Opcode == wsproto.Text && ev.End && ev.Fin && equalFold(word, ev.Plain)
	}
	if c.matched >= 0 {
		end := int(c.matched) + len(ev.Payload)
		if word != "" && ev.Opcode == wsproto.Text && end <= len(word) && equalFold(word[c.matched:end], ev.Payload) {
			c.matched = int8(end)
		} else {
			c.matched = -1
		}
	}
	if !ev.End || !ev.Fin {
		return false
	}
	said := word != "" && int(c.matched) == len(word)
	c.matched = 0
	return said
}

// equalFold compares texts; the case of ASCII letters does not count.
func equalFold(s string, t []byte) bool {
	if len(s) != len(t) {
		return false
	}
	for i := range len(s) {
		if lower(s[i]) != lower(t[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// close appends a close frame of the server's own to dst and awaits the client's.
func (c *conn) close(dst []byte, code wsproto.CloseCode, reason string) []byte {
	c.began(byServer, code)
	c.stage = stageClosing
	c.timers.deadline = 0 // from when the frame has gone
	return c.echo.AppendClose(dst, code, reason)
}

// began notes who began the close and with which code; only the first counts. So the code
// of a close that the server began is the server's own, where RFC 6455 section 7.1.5 has
// 1006 as long as the client has not answered: "clean" tells these apart.
func (c *conn) began(by initiator, code wsproto.CloseCode) {
	if c.closedBy == byNobody {
		c.closedBy, c.closeCode = by, code
	}
}

// refuse answers the request with an HTTP error.
func (c *conn) refuse(r *wsproto.Refusal) socket.Step {
	c.svc.log.Info("request refused", "id", c.id, "remote", c.remote, "status", r.Status, "why", r.Text)
	c.svc.meters.rejected.WithLabelValues(strconv.Itoa(r.Status)).Inc()
	c.linger()
	return socket.Step{Write: r.AppendResponse(nil), Then: socket.ShutDown}
}

// linger begins the end: closing at once, with unread input, would send a reset,
// and that would destroy the close frame on its way to the client.
func (c *conn) linger() {
	c.stage = stageLingering
	c.timers.deadline = 0 // from when the last byte has gone
}

// EndOfInput closes: whoever has shut down its sending side without a close frame
// cannot say anything more (RFC 6455 section 7.1.5: AbnormalClosure). The beginning of
// a request that will not be completed is answered.
func (c *conn) EndOfInput(time.Duration) socket.Step {
	if c.stage == stageHead && c.timers.received > 0 {
		step := c.refuse(wsproto.Incomplete())
		step.Then = socket.Close
		return step
	}
	return socket.Step{Then: socket.Close}
}

// Detached gives a plain HTTP request to the HTTP server.
func (c *conn) Detached(nc net.Conn, kept []byte) {
	c.svc.plain.give(nc, kept)
}

// Closed counts and logs the end of a WebSocket.
func (c *conn) Closed(now time.Duration, cause error) {
	if !c.wasOpen {
		return
	}
	c.echo.Release()
	// Both close frames have passed (RFC 6455 section 7.1.4): the client's has come,
	// and Waiting has been called behind the server's.
	clean := c.echo.CloseReceived() && c.timers.deadline != 0 && !c.controls.ignores()
	if c.closedBy == byNobody {
		c.closeCode = wsproto.AbnormalClosure
	}
	c.svc.live.leave(clean)
	c.svc.meters.closed(c, now-c.timers.opened)
	attrs := []any{
		"id", c.id, "remote", c.remote,
		"duration", (now - c.timers.opened).Round(time.Millisecond).String(),
		"messages", c.messages, "bytes", c.bytes,
		"code", int(c.closeCode), "initiator", c.closedBy.String(), "clean", clean,
	}
	if deflate := c.echo.Deflate(); deflate.Agreed() {
		attrs = append(attrs, "extensions", deflate.String(), "saved", c.saved)
	}
	if c.violation != 0 {
		attrs = append(attrs, "violation", c.violation.String())
	}
	if c.controls != nil {
		attrs = append(attrs, "controls", c.controls.query)
	}
	if cause != nil && !clean {
		attrs = append(attrs, "cause", cause.Error())
	}
	c.svc.log.Info("connection closed", attrs...)
}

// snapshot is what is known of the connection; ok is false when it is not a WebSocket.
func (c *conn) snapshot() (info connectionInfo, ok bool) {
	info = connectionInfo{
		ID:          c.id,
		Remote:      c.remote,
		Since:       c.svc.wallTime(c.timers.opened),
		Messages:    c.messages,
		Bytes:       c.bytes,
		Subprotocol: c.subprotocol,
		Extensions:  c.echo.Deflate().String(),
		Saved:       c.saved,
		State:       c.stage.String(),
	}
	if c.controls != nil {
		info.Controls = c.controls.query
	}
	if c.timers.rtt > 0 {
		info.RTT = c.timers.rtt.String()
	}
	return info, c.wasOpen
}

var _ socket.Handler = (*conn)(nil)
