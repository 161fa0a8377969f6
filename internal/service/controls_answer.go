package service

import (
	"time"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// controlState is where a connection is with its controls. Times are by the driver's clock; 0
// is never.
type controlState struct {
	closeAt, dropAt, resetAt, stallAt time.Duration
	nextMessage                       time.Duration // of those that come unasked
	answerAt                          time.Duration // what is kept is to be answered; until then nothing is read

	number   int64         // of the last message that came unasked
	answered int           // messages
	end      socket.Action // how it ends; Read is not yet
	ignoring bool          // the client's close frame has come and is not answered
	stalled  bool          // nothing is read any more
	beyond   int           // bytes that have arrived and are to be answered later

	// With a delay:
	waited  bool // what is kept has had its delay
	inFrame bool // a frame that is not complete has had it

	// With fragments:
	fragments wsproto.Fragments // answers that are not sent yet
	then      socket.Action     // what is to be done behind them
}

// fragmentBatch is how many bytes of fragments are written at a time, and a little more.
const fragmentBatch = 16 << 10

// fragmentWindow is how much is answered at a time when answers are to be in fragments:
// enough for any frame that is answered whole.
const fragmentWindow = wsproto.MinBuffer - wsproto.Headroom

// openControlled begins a WebSocket with controls, behind its request in b.
func (c *conn) openControlled(now time.Duration, b *wsproto.Buffer, agreement wsproto.Agreement, r *wsproto.Request, k *controls) socket.Step {
	k.choose(&agreement)
	c.controls = k
	c.open(now, agreement)
	k.begin(now)
	out := agreement.AppendResponse(nil)
	if k.greet {
		out = c.echo.AppendText(out, c.greet(r))
	}
	return socket.Step{Write: out, Kept: b.End - b.Start, Then: socket.Again}
}

// receiveControlled goes on with what has arrived, or was kept.
func (c *conn) receiveControlled(now time.Duration, b *wsproto.Buffer) socket.Step {
	s := &c.controls.state
	waiting := b.End - b.Start
	s.stall(now)
	switch {
	case !s.fragments.Empty():
		return c.sendFragments(waiting)
	case c.stage == stageLingering, s.ignoring:
		return socket.Step{}
	case c.stage == stageOpen && (s.stalled || c.delays(now, waiting)):
		return socket.Step{Kept: waiting, Then: socket.Pause}
	}
	step := c.answerWindow(now, b)
	if c.controls.fragment > 0 && len(step.Write) > 0 {
		s.fragments.Size = c.controls.fragment
		s.fragments.Put(step.Write)
		s.then = step.Then
		return c.sendFragments(step.Kept)
	}
	return step
}

// delays says whether what waits has to wait longer. A frame waits from when its first
// bytes have been read, and its rest no more.
func (c *conn) delays(now time.Duration, waiting int) bool {
	s := &c.controls.state
	if c.controls.delay == 0 || waiting == 0 || s.waited || s.inFrame {
		return false
	}
	if s.answerAt == 0 {
		s.answerAt = now + c.controls.delay
	}
	return true
}

// answerWindow answers what is in b, or the beginning of it.
func (c *conn) answerWindow(now time.Duration, b *wsproto.Buffer) socket.Step {
	s := &c.controls.state
	s.beyond = 0
	if c.controls.fragment > 0 {
		s.leave(b, fragmentWindow)
	}
	step := c.receiveFrames(now, b)
	switch {
	case s.end != socket.Read:
		step.Then, step.Kept = s.end, 0
	case s.ignoring:
		c.stage = stageClosing // until CLOSE_TIMEOUT
		step.Then, step.Kept = socket.Read, 0
	case step.Then == socket.ShutDown:
	case s.beyond > 0, step.Then == socket.Again:
		step.Kept += s.beyond
		step.Then = socket.Again
	default:
		s.waited = false
		s.inFrame = s.inFrame || step.Kept > 0
	}
	return step
}

// leave leaves what is behind the next n bytes in b for later.
func (s *controlState) leave(b *wsproto.Buffer, n int) {
	if n < b.End-b.Start {
		s.beyond += b.End - b.Start - n
		b.End = b.Start + n
	}
}

// control does to an event that was answered in b what the controls ask for.
func (c *conn) control(b *wsproto.Buffer, ev *wsproto.Event) {
	k, s := c.controls, &c.controls.state
	open := c.stage == stageOpen
	switch {
	case ev.Kind == wsproto.Ping && open && !k.answerPings:
		b.Retract(2 + len(ev.Payload))
	case ev.Kind == wsproto.Close && open && k.ignoreClose:
		b.Retract(2 + len(ev.Payload))
		s.ignoring = true
	case ev.Kind == wsproto.Data && open && ev.End && ev.Fin:
		s.answered++
		c.endAfter(b)
	}
	s.inFrame = ev.Kind == wsproto.Data && !ev.End
	if open && k.delay > 0 && !s.waited && !s.inFrame {
		s.leave(b, 0) // it was the rest of a frame, and this has its own delay
	}
}

// endAfter ends the connection if it has answered as many messages as it was asked for.
func (c *conn) endAfter(b *wsproto.Buffer) {
	k, s := c.controls, &c.controls.state
	switch s.answered {
	case k.reset.after:
		c.began(byServer, wsproto.AbnormalClosure)
		s.end = socket.Reset
		b.Discard()
	case k.drop.after:
		c.began(byServer, wsproto.AbnormalClosure)
		c.linger()
		s.end = socket.ShutDown
		b.Discard()
	case k.closeWith.after:
		var frame [127]byte
		b.Append(c.close(frame[:0], k.closeCode, k.closeReason))
	}
}

// sendFragments sends some of the fragments that wait. kept is what else does.
func (c *conn) sendFragments(kept int) socket.Step {
	s := &c.controls.state
	var out []byte
	for len(out) < fragmentBatch && !s.fragments.Empty() {
		out = s.fragments.AppendNext(out)
	}
	step := socket.Step{Write: out, Kept: kept, Then: s.then}
	switch {
	case !s.fragments.Empty():
		step.Then = socket.Again
	case s.stalled && (s.then == socket.Read || s.then == socket.Again):
		step.Then = socket.Pause
	}
	return step
}

// ignores says whether the client's close frame has come and is not answered.
func (k *controls) ignores() bool { return k != nil && k.state.ignoring }
