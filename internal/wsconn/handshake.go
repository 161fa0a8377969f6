package wsconn

import (
	"log/slog"
	"net/http"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// hints complete the text of a refusal with its usual cause, a fix or the setting that made it.
var hints = map[wsproto.Reason]string{
	wsproto.ReasonHTTPVersion: "; a proxy in front may speak HTTP/1.0 (nginx: proxy_http_version 1.1)",
	wsproto.ReasonUpgrade:     " (nginx: proxy_set_header Upgrade $http_upgrade)",
	wsproto.ReasonConnection:  " (nginx: proxy_set_header Connection upgrade)",
	wsproto.ReasonOrigin:      "; the setting is ALLOWED_ORIGINS of this server",
}

// receiveHead continues the opening handshake (RFC 6455 section 4.2).
func (c *Conn) receiveHead(now socket.Instant, b *wsproto.Buffer) (step socket.Step, kept int) {
	more, refusal := c.takeHeader(b)
	if refusal != nil {
		return c.refuse(now, refusal), 0
	}
	in := b.Mem[b.Start:b.End]
	if more {
		return socket.Step{}, len(in)
	}
	var state requestState // on the stack, unless more has to arrive
	if c.more != nil {
		state = c.more.requestState
	}
	before := len(state.long)
	head, n, refusal := state.add(c.server.Account, in)
	if isHEAD(head) {
		c.notes |= noteHEAD
	}
	if state.long != nil || n == 0 && refusal == nil {
		c.keepRequest(state)
	}
	switch {
	case refusal != nil:
		return c.refuseHead(now, head, refusal), 0
	case n == 0 && state.long == nil:
		return socket.Step{}, len(in)
	case n == 0 && c.server.Account.Pressure() >= budget.Refuse:
		return c.refuseHead(now, head, outOfMemory(c.server.Account)), 0
	case n == 0:
		return socket.Step{}, 0
	}
	return c.receiveRequest(now, b, head[:n], n-before)
}

// keepRequest keeps the state of a head that is long, or not complete.
func (c *Conn) keepRequest(state requestState) {
	if c.more == nil {
		c.more = new(more)
	}
	c.more.requestState = state
}

// receiveRequest answers a complete request head, of which the last used bytes are in b.
func (c *Conn) receiveRequest(now socket.Instant, b *wsproto.Buffer, head []byte, used int) (step socket.Step, kept int) {
	request, refusal := wsproto.ParseRequest(head)
	if refusal != nil {
		return c.refuseHead(now, head, refusal), 0
	}
	c.findClient(&request)
	if !request.IsUpgrade() {
		escaping := request // so that request stays on the stack for an upgrade
		if path, response := c.server.HTTP.Check(&escaping, c.server.date()); response != nil {
			return c.answerCheck(request.Method, path, response), 0
		}
		if refusal := c.server.HTTP.Admit(&escaping); refusal != nil {
			return c.refuseHead(now, head, refusal), 0
		}
		c.server.Attempts.served(now, request.Target, OutcomePlain)
		c.notes |= notePlain
		if used == len(head) { // the driver has all of it
			used = 0
		}
		return socket.Step{Then: socket.Hijack}, b.End - b.Start - used
	}
	controls, ignored, refusal := parseControls(request.Target, c.server.Config.Controls)
	if refusal != nil {
		return c.refuseHead(now, head, refusal), 0
	}
	handshake, refusal := c.server.Policy.Accept(&request)
	if refusal == nil && controls != nil {
		refusal = controls.refusal()
	}
	if refusal == nil {
		refusal = c.server.Admission.admit()
	}
	if refusal != nil {
		return c.refuseHead(now, head, refusal), 0
	}
	c.server.Attempts.served(now, request.Target, OutcomeAccepted)
	c.peer = c.peer.withRequest(&request, &c.server.hosts)
	if controls != nil {
		b.Start += used
		return startControlled(c, now, &handshake, &request, controls, ignored), b.End - b.Start
	}
	c.start(now, &handshake, nil, c.server.Config.PingInterval, ignored)
	if used < len(head) { // the response may not fit in the place of its last bytes
		b.Start += used
		return socket.Step{Write: handshake.AppendResponse(nil, c.server.date()), Then: socket.Yield}, b.End - b.Start
	}
	b.Replace(used, handshake.AppendResponse(make([]byte, 0, 512), c.server.date()))
	return c.receiveFrames(now, b)
}

// maxWhy is the longest reason in a log line, in bytes.
const maxWhy = 160

// refuseHead refuses a request of which the head, or a part of it, has arrived. The page may ask
// for the refusal later.
func (c *Conn) refuseHead(now socket.Instant, head []byte, refusal *wsproto.HandshakeError) socket.Step {
	id := idInHead(head)
	step := c.refuse(now, refusal) // adds the hint to the text
	c.server.Attempts.refused(now, id, refusal)
	return step
}

// refuse answers the request with an HTTP error.
func (c *Conn) refuse(now socket.Instant, refusal *wsproto.HandshakeError) socket.Step {
	if refusal.Status != http.StatusHTTPVersionNotSupported { // which is not HTTP/1.0
		refusal.Text += hints[refusal.Reason]
	}
	refusal.NoBody = c.notes.has(noteHEAD)
	if c.server.logs(slog.LevelInfo) && c.server.Lines.Refused(now) {
		why := refusal.Log
		if len(why) > maxWhy {
			why = why[:maxWhy] + "..."
		}
		c.server.Log.Info("request refused", c.peer.attrs(c.id, "status", refusal.Status, "reason", string(refusal.Reason), "why", why)...)
	}
	c.server.Metrics.Rejected(refusal)
	return c.answer(refusal.AppendResponse(nil, c.server.date()))
}

// answerCheck answers a health check. A body that it may have is discarded while the connection lingers.
func (c *Conn) answerCheck(method, path string, response []byte) socket.Step {
	if c.server.logs(slog.LevelDebug) {
		c.server.Log.Debug("http request", c.peer.attrs(c.id, "method", method, "path", path)...)
	}
	return c.answer(response)
}

// answer sends the response to a request that does not open a WebSocket, and lingers.
func (c *Conn) answer(response []byte) socket.Step {
	c.releaseRequest()
	c.finish()
	return socket.Step{Write: response, Then: socket.ShutDown}
}

// endOfHead answers a client that ended its input before the end of the request head.
func (c *Conn) endOfHead(now socket.Instant) socket.Step {
	step := c.refuse(now, wsproto.Refuse(http.StatusBadRequest, wsproto.ReasonMalformed,
		"the connection was closed before the request head was complete"))
	step.Then = socket.Close
	return step
}

// wakeHead ends a handshake that takes too long. A client that has sent nothing, such as a
// browser that preconnects, gets no answer.
func (c *Conn) wakeHead(now socket.Instant) socket.Step {
	switch {
	case !c.timers.deadline.Reached(now):
		return socket.Step{}
	case c.timers.received == 0:
		return socket.Step{Then: socket.Close}
	}
	return c.refuse(now, wsproto.Refuse(http.StatusRequestTimeout, ReasonTimeout,
		"the request head was not complete within HANDSHAKE_TIMEOUT=%v of this server", c.server.Config.HandshakeTimeout))
}
