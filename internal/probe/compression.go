package probe

import (
	"context"
	"fmt"
	"strings"

	"github.com/coder/websocket"
)

// compression offers permessage-deflate (RFC 7692), with and without a context that goes on
// from message to message.
func (p *prober) compression(ctx context.Context) {
	p.compressed(ctx, "compression, no context", websocket.CompressionNoContextTakeover)
	p.compressed(ctx, "compression, context", websocket.CompressionContextTakeover)
}

// compressed sends messages that repeat each other: with a context the later ones refer
// to the first, and come back wrong where the two sides do not agree about it.
func (p *prober) compressed(ctx context.Context, name string, mode websocket.CompressionMode) {
	offered := "permessage-deflate"
	if mode == websocket.CompressionNoContextTakeover {
		offered += "; client_no_context_takeover; server_no_context_takeover"
	}
	s, err := p.open(ctx, offer{compression: mode})
	if err != nil {
		p.emit(failed(name, "%v: the offer was %q", err, offered))
		return
	}
	defer s.release()
	agreed := strings.Join(s.response.Header.Values("Sec-WebSocket-Extensions"), ", ")
	if agreed == "" {
		p.emit(note(name, "not agreed to: the offer was %q", offered))
		return
	}
	sent := sample{kind: websocket.MessageText}
	before, bytes := s.wire.received.Load(), 0
	const messages = 4
	for i := range messages {
		sent.payload = fmt.Appendf(nil, "%d %s", i, strings.Repeat("what repeats is what can be compressed, κόσμε; ", 200))
		bytes += len(sent.payload)
		got, err := s.echo(ctx, sent.kind, sent.payload)
		if err != nil {
			p.emit(failed(name, "no echo: of message %d, with %q agreed on: %s", i+1, agreed, ending(err)))
			return
		}
		if difference := sent.differs(got); difference != "" {
			p.emit(failed(name, "%s, in message %d, with %q agreed on", difference, i+1, agreed))
			return
		}
	}
	p.emit(ok(name, "came back the same: with %q agreed on, %d messages of %d bytes together in %d", agreed, messages, bytes, s.wire.received.Load()-before))
}
