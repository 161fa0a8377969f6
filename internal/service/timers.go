package service

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// lingerQuiet is how long a connection that is finished is kept for a client that
// sends nothing: long enough for what was on its way.
const lingerQuiet = time.Second

// timers are the times that a connection acts on, all by the driver's clock; 0 is never.
// None of them is a timer of its own: the earliest is when the driver wakes the
// connection, and a wake that comes early does nothing.
type timers struct {
	opened   time.Duration // the TCP connection was accepted
	received time.Duration // the last bytes came, or could have come: behind a write
	data     time.Duration // data came last, or its answer had gone
	deadline time.Duration // the end of the stages before and behind open
	nextPing time.Duration
	pinged   time.Duration // the last ping was sent
	missing  time.Duration // the first ping was sent that has not been answered; 0 is none
	rtt      time.Duration // between the last answered ping and its pong
	drain    time.Duration // when the drain says goodbye to this connection
}

// open begins the times of an open WebSocket.
func (t *timers) open(now, pingInterval time.Duration) {
	t.data = now
	if pingInterval > 0 {
		t.nextPing = now + pingInterval
	}
}

// pingInterval is the time between pings from the server; 0 is none.
func (c *conn) pingInterval() time.Duration {
	if c.controls != nil && c.controls.ping != never {
		return c.controls.ping
	}
	return c.svc.config.PingInterval
}

// pong takes the answer to a ping (RFC 6455 section 5.5.3), whose payload is the time at
// which it was sent. A pong may also come unasked, and then says nothing: ok is false.
func (t *timers) pong(now time.Duration, payload []byte) (rtt time.Duration, ok bool) {
	if t.missing == 0 || len(payload) != 8 {
		return 0, false
	}
	sent := time.Duration(binary.BigEndian.Uint64(payload))
	if sent < t.missing || sent > t.pinged {
		return 0, false
	}
	t.rtt = now - sent
	t.missing = 0
	if sent < t.pinged {
		t.missing = t.pinged
	}
	return t.rtt, true
}

// Waiting begins what is timed from the last byte, and says when the connection has
// something to do by itself. While the server was writing it was not reading: that
// time is not held against the client.
func (c *conn) Waiting(now time.Duration) time.Duration {
	t := &c.timers
	if t.deadline == 0 && c.stage != stageOpen {
		t.deadline = now + c.svc.config.CloseTimeout
		t.received = now
	}
	if c.answering {
		c.answering = false
		t.received, t.data = now, now
	}
	return c.wake()
}

// wake is when the connection has something to do by itself, at the earliest.
func (c *conn) wake() time.Duration {
	t, config := &c.timers, &c.svc.config
	switch c.stage {
	case stageHead, stageClosing:
		return t.deadline
	case stageLingering:
		return min(t.deadline, t.received+lingerQuiet)
	}
	if c.controls != nil {
		return c.wakeOfControls()
	}
	return earliest(t.nextPing, t.pongDeadline(config), t.idleDeadline(config), t.drain)
}

// pongDeadline is when an unanswered ping means that the client is gone. A client
// that sends anything is not: its pong may wait behind a large frame.
func (t *timers) pongDeadline(config *Config) time.Duration {
	if t.missing == 0 || config.PongTimeout == 0 {
		return 0
	}
	return max(t.missing, t.received) + config.PongTimeout
}

// idleDeadline is when a connection without data messages is to be closed.
func (t *timers) idleDeadline(config *Config) time.Duration {
	if config.IdleTimeout == 0 {
		return 0
	}
	return t.data + config.IdleTimeout
}

// earliest is the least of the times that are not 0, or 0.
func earliest(times ...time.Duration) time.Duration {
	var first time.Duration
	for _, t := range times {
		if t != 0 && (first == 0 || t < first) {
			first = t
		}
	}
	return first
}

// due says whether the time t has come.
func due(now, t time.Duration) bool { return t != 0 && now >= t }

// Wake does what the time asks for.
func (c *conn) Wake(now time.Duration, scratch []byte) socket.Step {
	switch c.stage {
	case stageHead:
		return c.wakeHead(now)
	case stageOpen:
		if c.controls != nil {
			return c.wakeControlled(now, scratch)
		}
		return socket.Step{Write: c.wakeOpen(now, scratch)}
	}
	if due(now, c.wake()) {
		return socket.Step{Then: socket.Close}
	}
	return socket.Step{}
}

// wakeHead ends a handshake that takes too long. Whoever has not sent a byte, as a
// browser that connects ahead of need, is not answered.
func (c *conn) wakeHead(now time.Duration) socket.Step {
	switch {
	case !due(now, c.timers.deadline):
		return socket.Step{}
	case c.timers.received == 0:
		return socket.Step{Then: socket.Close}
	}
	text := fmt.Sprintf("the request head was not complete within HANDSHAKE_TIMEOUT=%v of this server", c.svc.config.HandshakeTimeout)
	return c.refuse(wsproto.Timeout(text))
}

// wakeOpen appends the frame that an open connection has to send now, if any.
func (c *conn) wakeOpen(now time.Duration, dst []byte) []byte {
	t, config := &c.timers, &c.svc.config
	if t.drain == 0 {
		t.drain = c.svc.drainTime()
	}
	pong, idle := t.pongDeadline(config), t.idleDeadline(config)
	if c.controls != nil && c.controls.paused() {
		pong, idle = 0, 0 // who is not read can do nothing
	}
	switch {
	case due(now, t.drain):
		return c.close(dst, wsproto.GoingAway, "the server is shutting down")
	case due(now, pong):
		c.svc.meters.pingsMissed.Inc()
		return c.close(dst, wsproto.InternalError, fmt.Sprintf("no pong within PONG_TIMEOUT=%v of this server", config.PongTimeout))
	case due(now, idle):
		return c.close(dst, wsproto.GoingAway, fmt.Sprintf("no data message within IDLE_TIMEOUT=%v of this server", config.IdleTimeout))
	case due(now, t.nextPing):
		t.nextPing = now + c.pingInterval()
		t.pinged = now
		if t.missing == 0 {
			t.missing = now
		}
		return c.echo.AppendPing(dst, binary.BigEndian.AppendUint64(nil, uint64(now)))
	}
	return dst
}
