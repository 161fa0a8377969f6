package wsconn

import (
	"slices"
	"time"

	"github.com/echosvc/echosvc/internal/query"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// controlled is the behavior of a connection whose query has controls. It decodes frames
// as echoing does, and decides for each one whether and how to answer it.
type controlled struct {
	*controls
	schedule

	messages, pings paced // of the server's own, because of every and ping

	echoed   int           // messages
	end      socket.Action // how the connection ends; Read until then
	ignoring bool          // the client's close frame has arrived and was not answered

	// With delay:
	waited  bool // the delay of the bytes that were kept has passed
	inFrame bool // a frame whose delay has passed is incomplete

	// With fragment:
	midMessage bool // the last data frame sent had no FIN
}

// fragmentWindow is how many bytes are answered at a time when answers are fragmented.
// Fragments of one byte make the answer three times as long.
const fragmentWindow = 8 << 10

// startControlled opens a WebSocket with controls. Frames that follow the request in the
// same read are answered later, because they may have a delay.
func startControlled(c *Conn, now socket.Instant, handshake *wsproto.Handshake, r *wsproto.Request, k *controls, ignored query.Names) socket.Step {
	k.override(handshake)
	c.server.Metrics.Controls(k.names, 1)
	interval := k.pingInterval(c.server.Config.PingInterval)
	c.start(now, handshake, &controlled{controls: k, schedule: newSchedule(now, k)}, interval, ignored)
	out := handshake.AppendResponse(nil, c.server.date())
	if k.greet {
		out = wsproto.AppendText(out, newGreeting(c.server, c.peer, r, ignored))
	}
	return socket.Step{Write: out, Then: socket.Yield}
}

// query returns the query, and the names of its controls.
func (k *controlled) query() (query, names string) { return k.controls.query, k.controls.names }

// closed gives back the instants of messages that will not be sent.
func (k *controlled) closed(c *Conn) {
	c.server.Metrics.Controls(k.names, -1)
	k.messages.release(c.server.Pace)
	k.pings.release(c.server.Pace)
}

// receive answers the frames in b unless they are delayed or the connection is stalled.
func (k *controlled) receive(c *Conn, now socket.Instant, b *wsproto.Buffer) (step socket.Step, kept int) {
	waiting := b.End - b.Start
	k.stall(now)
	switch {
	case k.ignoring:
		return socket.Step{}, 0
	case c.stage == stageOpen && (k.stalled || k.delays(now, waiting)):
		return socket.Step{Then: socket.Pause}, waiting
	}
	return k.answerAll(c, now, b)
}

// delays reports whether the waiting bytes are still delayed. The delay of a frame starts
// with its first bytes; the rest of the frame is not delayed again.
func (k *controlled) delays(now socket.Instant, waiting int) bool {
	if k.delay == 0 || waiting == 0 || k.waited || k.inFrame {
		return false
	}
	if k.answerAt == 0 {
		k.answerAt = now.Add(k.delay)
	}
	return true
}

// answerAll answers the frames in b. It stops early, and yields, after a fragmented answer
// and before a frame with a delay of its own.
func (k *controlled) answerAll(c *Conn, now socket.Instant, b *wsproto.Buffer) (step socket.Step, kept int) {
	end := b.End
	if k.fragment > 0 {
		b.End = min(b.End, b.Start+fragmentWindow)
	}
	var traffic Traffic
	echo := c.echo.borrow(&c.server.Protocol)
	history := echo.HistorySize()
	var fragments []byte // to be inserted into b.Out() at before
	before := 0
	ev := echo.Decode(b)
	for ; ev.Kind != wsproto.NeedMore && ev.Kind != wsproto.Yield; ev = echo.Decode(b) {
		open := c.stage == stageOpen
		if open && k.fragment > 0 && ev.Kind == wsproto.Data {
			before = len(b.Out())
			fragments = k.appendFragments(nil, ev)
			echo.Drop(b, ev)
			b.End = b.Start // one at a time
		} else {
			k.answer(c, echo, b, ev)
		}
		c.note(now, echo, b, ev, &traffic)
		if c.stage == stageOpen { // the goodbye word may have closed it
			k.endAfter(c, echo, b, ev)
		}
		if open {
			k.separate(b, ev)
		}
	}
	c.count(&traffic, echo.HistorySize()-history)
	step.Write = b.Out()
	if len(fragments) > 0 {
		step.Write = slices.Concat(step.Write[:before], fragments, step.Write[before:])
	}
	if kept = end - b.Start; kept > 0 {
		c.timers.data = now
	}
	return k.then(c, echo, step, kept, ev.Kind == wsproto.Yield || b.End < end)
}

// answer answers an event, unless a control suppresses the answer.
func (k *controlled) answer(c *Conn, echo *wsproto.Echo, b *wsproto.Buffer, ev *wsproto.Event) {
	open := c.stage == stageOpen
	switch {
	case open && ev.Kind == wsproto.Ping && !k.answerPings:
		echo.Drop(b, ev)
	case open && ev.Kind == wsproto.Close && k.ignoreClose:
		echo.Drop(b, ev)
		b.Discard()
		k.ignoring = true
	default:
		echo.Answer(b, ev)
	}
}

// appendFragments appends the payload of ev in fragments of at most k.fragment bytes (RFC
// 6455 section 5.4). It splits the client's own fragments further and never joins them. A
// fragment may end within a character or a compressed block.
func (k *controlled) appendFragments(dst []byte, ev *wsproto.Event) []byte {
	if len(ev.Payload) == 0 && !ev.End {
		return dst
	}
	for payload := ev.Payload; ; {
		n := min(k.fragment, len(payload))
		last := n == len(payload)
		f := wsproto.Frame{Opcode: wsproto.OpContinuation, Fin: last && ev.Last(), Payload: payload[:n]}
		if !k.midMessage {
			f.Opcode, f.Compressed = ev.Opcode, ev.Compressed // only in the first frame of a message (RFC 7692 section 6.1)
		}
		k.midMessage = !f.Fin
		dst = wsproto.AppendFrame(dst, f)
		payload = payload[n:]
		if last {
			return dst
		}
	}
}

// endAfter ends the connection once it has echoed the number of messages that a control
// sets.
func (k *controlled) endAfter(c *Conn, echo *wsproto.Echo, b *wsproto.Buffer, ev *wsproto.Event) {
	if ev.Kind != wsproto.Data || !ev.Last() {
		return
	}
	k.echoed++
	switch k.echoed {
	case k.reset.after:
		c.life.noteClose(ByServer, end{why: whyControl, code: wsproto.CloseAbnormalClosure})
		k.end = socket.Reset
		b.Discard()
	case k.drop.after:
		k.end = c.drop(whyControl).Then
		b.Discard()
	case k.closing.after:
		c.sendClose(echo, b, whyControl, k.closeCode, k.closeReason)
	}
}

// separate leaves the frames after a delayed one for later: they have a delay of their own.
func (k *controlled) separate(b *wsproto.Buffer, ev *wsproto.Event) {
	k.inFrame = ev.Kind == wsproto.Data && !ev.End
	if k.delay > 0 && !k.waited && !k.inFrame {
		b.End = b.Start
	}
}

// then completes a step. more means that the bytes that were kept can be answered now.
func (k *controlled) then(c *Conn, echo *wsproto.Echo, step socket.Step, kept int, more bool) (socket.Step, int) {
	switch {
	case k.end != socket.Read:
		step.Then = k.end
		return step, 0
	case k.ignoring:
		c.closing(ByClient, c.life.end) // until CLOSE_TIMEOUT
		return step, 0
	case echo.Done():
		c.finish()
		step.Then = socket.ShutDown
		return step, 0
	case more:
		step.Then = socket.Yield
	default:
		k.waited = false
		k.inFrame = k.inFrame || kept > 0
	}
	return step, kept
}

// pingInterval returns the interval between pings; 0 means no pings.
func (k *controls) pingInterval(configured time.Duration) time.Duration {
	if k.ping != never {
		return k.ping
	}
	return configured
}
