package service

import (
	"strconv"
	"time"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// maxStall is how long a connection that is not read is kept. Nobody would notice that its
// client has gone.
const maxStall = 10 * time.Minute

// begin starts the times of controls with the open WebSocket.
func (k *controls) begin(now time.Duration) {
	at := func(in time.Duration) time.Duration {
		if in == never {
			return 0
		}
		return now + in
	}
	s := &k.state
	s.closeAt, s.dropAt, s.resetAt, s.stallAt = at(k.closeWith.in), at(k.drop.in), at(k.reset.in), at(k.stallIn)
	if k.every > 0 {
		s.nextMessage = now + k.every
	}
}

// stall stops reading when that is due. A stall has an end.
func (s *controlState) stall(now time.Duration) {
	if due(now, s.stallAt) {
		s.stalled, s.stallAt = true, 0
		s.resetAt = earliest(s.resetAt, now+maxStall)
	}
}

// paused says whether the connection is not read at present.
func (k *controls) paused() bool { return k.state.stalled || k.state.answerAt != 0 }

// maySpeak says whether a message of the server's own may be sent: not within another.
func (c *conn) maySpeak() bool {
	return !c.echo.MidMessage() && c.controls.state.fragments.Empty()
}

// wakeOfControls is wake for an open connection with controls.
func (c *conn) wakeOfControls() time.Duration {
	t, s, config := &c.timers, &c.controls.state, &c.svc.config
	at := earliest(t.nextPing, t.drain, s.closeAt, s.dropAt, s.resetAt, s.stallAt)
	if !c.controls.paused() {
		at = earliest(at, t.pongDeadline(config), t.idleDeadline(config))
	}
	if !s.stalled {
		at = earliest(at, s.answerAt)
	}
	if c.maySpeak() {
		at = earliest(at, s.nextMessage)
	}
	return at
}

// wakeControlled does what the time asks of an open connection with controls: the end that
// was asked for, then what all connections do, then the rest.
func (c *conn) wakeControlled(now time.Duration, dst []byte) socket.Step {
	k, s := c.controls, &c.controls.state
	paused := k.paused()
	switch {
	case due(now, s.resetAt):
		c.began(byServer, wsproto.AbnormalClosure)
		return socket.Step{Then: socket.Reset}
	case due(now, s.dropAt):
		c.began(byServer, wsproto.AbnormalClosure)
		s.fragments.Drop()
		c.linger()
		return socket.Step{Then: socket.ShutDown}
	case due(now, s.closeAt):
		dst = c.close(dst, k.closeCode, k.closeReason)
	default:
		dst = c.wakeOpen(now, dst)
	}
	if c.stage == stageClosing {
		s.fragments.Drop() // nothing is sent behind a close frame
		if paused {
			return socket.Step{Write: dst, Then: socket.Again} // what is kept comes before the client's close frame
		}
		return socket.Step{Write: dst}
	}
	return c.wakeRest(now, dst)
}

// wakeRest does what an open connection with controls goes on with.
func (c *conn) wakeRest(now time.Duration, dst []byte) socket.Step {
	k, s := c.controls, &c.controls.state
	s.stall(now)
	if due(now, s.nextMessage) && c.maySpeak() {
		s.number++
		dst = c.echo.AppendText(dst, strconv.AppendInt(nil, s.number, 10))
		if s.nextMessage += k.every; due(now, s.nextMessage) { // those that had no chance are left out
			s.nextMessage = now + k.every
		}
	}
	if due(now, s.answerAt) && !s.stalled {
		s.answerAt, s.waited = 0, true
		return socket.Step{Write: dst, Then: socket.Again}
	}
	if k.paused() {
		return socket.Step{Write: dst, Then: socket.Pause}
	}
	return socket.Step{Write: dst}
}
