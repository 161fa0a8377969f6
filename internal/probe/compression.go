package probe

import (
	"context"
	"fmt"
	"strings"

	"github.com/coder/websocket"
)

// compression offers permessage-deflate (RFC 7692), without and with context takeover.
func (p *prober) compression(ctx context.Context) {
	p.emit(p.compressed(ctx, "compression, no context", websocket.CompressionNoContextTakeover))
	p.emit(p.compressed(ctx, "compression, context", websocket.CompressionContextTakeover))
}

// compressed sends similar messages. With context takeover the later ones refer to the first,
// and come back corrupt if the two sides disagree about the context.
func (p *prober) compressed(ctx context.Context, name string, mode websocket.CompressionMode) Check {
	offered := "permessage-deflate"
	if mode == websocket.CompressionNoContextTakeover {
		offered += "; client_no_context_takeover; server_no_context_takeover"
	}
	s, err := p.open(ctx, offer{compression: mode})
	if err != nil {
		return failed(name, "%v: the offer was %q", err, offered)
	}
	defer s.release()
	agreed := strings.Join(s.response.Header.Values("Sec-WebSocket-Extensions"), ", ")
	if agreed == "" {
		return note(name, "not negotiated: the offer was %q", offered)
	}
	sent := sample{kind: websocket.MessageText}
	before, bytes := s.wire.received.Load(), 0
	const messages = 4
	for i := range messages {
		sent.payload = fmt.Appendf(nil, "%d %s", i, strings.Repeat("repetition is what deflate removes, κόσμε; ", 200))
		bytes += len(sent.payload)
		got, err := s.echo(ctx, sent.kind, sent.payload)
		if err != nil {
			return failed(name, "no echo: message %d, with %q: %s", i+1, agreed, describeEnd(err))
		}
		if difference := sent.difference(got); difference != "" {
			return failed(name, "%s, in message %d, with %q", difference, i+1, agreed)
		}
	}
	return ok(name, "echoed unchanged: with %q, %d messages of %d bytes in total were received in %d bytes", agreed, messages, bytes, s.wire.received.Load()-before)
}
