package wsconn

import (
	"net/http"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// hints name the usual cause of a refusal, or the setting that is responsible.
var hints = map[wsproto.Reason]string{
	wsproto.ReasonHTTPVersion: "; a proxy in front may speak HTTP/1.0 (nginx: proxy_http_version 1.1)",
	wsproto.ReasonUpgrade:     "; a proxy in front may have removed it (nginx: proxy_set_header Upgrade $http_upgrade)",
	wsproto.ReasonConnection:  "; a proxy in front may have removed it (nginx: proxy_set_header Connection upgrade)",
	wsproto.ReasonOrigin:      "; the setting is ALLOWED_ORIGINS of this server",
}

// receiveHead continues the opening handshake (RFC 6455 section 4.2).
func (c *Conn) receiveHead(now socket.Instant, b *wsproto.Buffer) (step socket.Step, kept int) {
	more, refusal := c.takeHeader(b)
	if refusal != nil {
		return c.refuse(now, refusal), 0
	}
	head := b.Mem[b.Start:b.End]
	if more {
		return socket.Step{}, len(head)
	}
	n, refusal := c.head.Scan(head)
	if refusal != nil {
		return c.refuse(now, refusal), 0
	}
	if n == 0 {
		return socket.Step{}, len(head)
	}
	request, refusal := wsproto.ParseRequest(head[:n])
	if refusal != nil {
		return c.refuse(now, refusal), 0
	}
	c.findClient(&request)
	if !request.IsUpgrade() {
		if refusal := c.server.HTTP.Admit(&request); refusal != nil {
			return c.refuse(now, refusal), 0
		}
		c.plain = true
		return socket.Step{Then: socket.Hijack}, len(head)
	}
	controls, refusal := parseControls(request.Target, c.server.Config.Controls)
	if refusal != nil {
		return c.refuse(now, refusal), 0
	}
	handshake, refusal := c.server.Policy.Accept(&request)
	if refusal == nil {
		refusal = c.server.Admission.admit()
	}
	if refusal != nil {
		return c.refuse(now, refusal), 0
	}
	if controls != nil {
		b.Start += n
		return startControlled(c, now, &handshake, &request, controls), b.End - b.Start
	}
	b.Replace(n, handshake.AppendResponse(nil))
	c.start(now, &handshake, nil, c.server.Config.PingInterval)
	return c.receiveFrames(now, b)
}

// maxWhy is the longest reason in a log line, in bytes.
const maxWhy = 160

// refuse answers the request with an HTTP error.
func (c *Conn) refuse(now socket.Instant, refusal *wsproto.HandshakeError) socket.Step {
	refusal.Text += hints[refusal.Reason]
	if c.server.Lines.refused(now) {
		why := refusal.Log
		if len(why) > maxWhy {
			why = why[:maxWhy] + "..."
		}
		c.server.Log.Info("request refused", c.peer().attrs(c.id, "status", refusal.Status, "reason", string(refusal.Reason), "why", why)...)
	}
	c.server.Metrics.Rejected(refusal)
	c.finish()
	return socket.Step{Write: refusal.AppendResponse(nil), Then: socket.ShutDown}
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
