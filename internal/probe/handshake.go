package probe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/coder/websocket"
)

// handshakeData holds the figures of a handshake.
type handshakeData struct {
	Status    int     `json:"status,omitempty"`
	Remote    string  `json:"remote,omitempty"`
	TLS       string  `json:"tls,omitempty"`
	ConnectMS float64 `json:"connect_ms,omitempty"`
	TLSMS     float64 `json:"tls_ms,omitempty"`
	TotalMS   float64 `json:"total_ms,omitempty"`
	Header    []Field `json:"header,omitempty"` // of the response, as it arrived
	Body      string  `json:"body,omitempty"`
}

// handshake opens a connection and reports whether that succeeded.
func (p *prober) handshake(ctx context.Context) bool {
	const name = "handshake"
	s, err := p.Target.dial(ctx, offer{})
	if err != nil {
		c := failed(name, "%v", err)
		if refused, is := errors.AsType[*refusal](err); is {
			c.Detail += refused.response.String()
			c.Data = handshakeData{Status: refused.status, TotalMS: inMS(refused.took), Header: refused.response.fields, Body: printable([]byte(refused.body))}
		}
		c.explain(p.diagnoseHandshake(ctx, err))
		p.emit(c)
		return false
	}
	defer s.release()
	response := s.wire.response.head()
	took := "connect " + milliseconds(s.wire.connect)
	if s.wire.tls != "" {
		took += ", " + s.wire.tls + " " + milliseconds(s.wire.handshake)
	}
	c := ok(name, "101 in %s (%s) from %s%s", milliseconds(s.took), took, s.wire.RemoteAddr(), &response)
	c.Data = handshakeData{
		Status: s.response.StatusCode, Remote: s.wire.RemoteAddr().String(), TLS: s.wire.tls, Header: response.fields,
		ConnectMS: inMS(s.wire.connect), TLSMS: inMS(s.wire.handshake), TotalMS: inMS(s.took),
	}
	p.emit(c)
	return true
}

// greeting checks whether the server sends a message before the client has sent one.
func (p *prober) greeting(ctx context.Context) Check {
	const name = "greeting"
	s, err := p.dial(ctx, offer{})
	if err != nil {
		return failed(name, "%v", err)
	}
	defer s.release()
	const sent = "the probe's first message"
	first, err := s.echo(ctx, websocket.MessageText, []byte(sent))
	if err != nil {
		return failed(name, "no echo: %s", describeEnd(err))
	}
	if string(first.payload) == sent {
		return ok(name, "none: the first message received is the echo of the first message sent")
	}
	second, err := s.next(ctx)
	if err != nil || string(second.payload) != sent {
		return note(name, "unknown: the first message is neither the echo nor followed by it, %q", printable(first.payload))
	}
	p.unsolicited = 1
	if g, is := parseGreeting(first); is && p.URL.Query().Has("greet") {
		return note(name, "requested by greet: pod %v, version %s", g, g.Version)
	}
	return failed(name, "unsolicited: a %s message of %d bytes, %q", typeName(first.kind), len(first.payload), printable(first.payload))
}

// subprotocol offers two subprotocols and checks which one the server selects.
func (p *prober) subprotocol(ctx context.Context) Check {
	const name = "subprotocol"
	offered := []string{"probe.first", "probe.second"}
	s, err := p.dial(ctx, offer{subprotocols: offered})
	if err != nil {
		return failed(name, "%v: the offer was %q", err, offered)
	}
	defer s.release()
	switch selected := s.response.Header.Get("Sec-WebSocket-Protocol"); {
	case selected == "":
		return note(name, "none selected: RFC 6455 allows that, but browsers then fail the connection")
	case !slices.Contains(offered, selected):
		return failed(name, "selected %q: the offer was %q", selected, offered)
	default:
		return ok(name, "selected %s: the offer was %s", selected, strings.Join(offered, ", "))
	}
}

// typeName returns the name of a message type.
func typeName(kind websocket.MessageType) string {
	switch kind {
	case websocket.MessageText:
		return "text"
	case websocket.MessageBinary:
		return "binary"
	}
	return fmt.Sprintf("opcode %d", int(kind))
}
