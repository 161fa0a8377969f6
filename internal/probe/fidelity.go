package probe

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// A sample is a message that must come back unchanged.
type sample struct {
	name    string
	kind    websocket.MessageType
	payload []byte
}

// samples returns messages on both sides of each boundary of the frame header's payload length,
// which has 7, 16 or 64 bits (RFC 6455 section 5.2).
func samples() []sample {
	const text, binary = websocket.MessageText, websocket.MessageBinary
	return []sample{
		{"text", text, []byte("Hello")},
		{"text, empty", text, nil},
		{"text, not ASCII", text, []byte("κόσμε, 世界, \U0001F30D and U+0000: \x00")},
		{"text, 65536 bytes", text, []byte(strings.Repeat("0123456789é世!", 65536/16))},
		{"binary, empty", binary, nil},
		{"binary, 125 bytes", binary, noise(125)},
		{"binary, 126 bytes", binary, noise(126)},
		{"binary, 65535 bytes", binary, noise(65535)},
		{"binary, 65536 bytes", binary, noise(65536)},
		{"binary, 1 MiB", binary, noise(1 << 20)},
	}
}

// noise returns n bytes without a pattern, the same each time.
func noise(n int) []byte {
	p := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(p)
	return p
}

// fidelity sends each sample and compares it with the echo.
func (p *prober) fidelity(ctx context.Context) {
	var s *session
	defer func() {
		if s != nil {
			s.release()
		}
	}()
	for _, sent := range samples() {
		if p.hopeless() {
			return
		}
		if s == nil {
			var err error
			if s, err = p.open(ctx, offer{}); err != nil {
				p.emit(failed(sent.name, "%v", err))
				continue
			}
		}
		before, started := s.wire.received.Load(), time.Now()
		got, err := s.echo(ctx, sent.kind, sent.payload)
		took, arrived := time.Since(started), s.wire.received.Load()-before
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !s.over() && arrived > 0 && int(arrived) < len(sent.payload):
			c := failed(sent.name, "no echo: only %d of %d bytes within %s", arrived, len(sent.payload), seconds(took))
			c.explain(p.slow(ctx, s, arrived, took))
			p.emit(c)
		case err != nil:
			p.emit(failed(sent.name, "no echo: %s", describeEnd(err)))
		case sent.difference(got) != "":
			p.emit(failed(sent.name, "%s", sent.difference(got)))
		case took > slowEcho:
			c := note(sent.name, "echoed unchanged, but slow: it took %s", seconds(took))
			d := p.slow(ctx, s, arrived, took)
			d.Verdict = Note
			c.explain(d)
			p.emit(c)
			continue
		default:
			p.emit(ok(sent.name, "echoed unchanged"))
			continue
		}
		s.release() // its next message might be a late answer to this sample
		s = nil
	}
}

// slowEcho is how long the echo of the largest sample may take: it is 4 Mbit/s both ways.
const slowEcho = 2 * time.Second

// slow is the diagnosis for a path that carries so many bytes in a time.
func (p *prober) slow(ctx context.Context, s *session, arrived int64, took time.Duration) *Diagnosis {
	response := s.wire.response.head()
	return diagnose("transfer-rate-limited", p.proxyBehind(ctx, &response), "the path carries %.0f KB a second", float64(arrived)/1000/took.Seconds())
}

// difference describes how a message differs from the sample. It returns "" if they are equal.
func (s *sample) difference(got message) string {
	switch {
	case got.kind != s.kind:
		return fmt.Sprintf("wrong type: sent %s, received %s, %q", typeName(s.kind), typeName(got.kind), printable(got.payload))
	case bytes.Equal(got.payload, s.payload):
		return ""
	}
	at := 0
	for at < min(len(got.payload), len(s.payload)) && got.payload[at] == s.payload[at] {
		at++
	}
	if len(got.payload) != len(s.payload) {
		return fmt.Sprintf("wrong length: sent %d bytes, received %d, equal up to byte %d, %q", len(s.payload), len(got.payload), at, printable(got.payload))
	}
	return fmt.Sprintf("changed: byte %d of %d was sent as 0x%02x and received as 0x%02x", at, len(s.payload), s.payload[at], got.payload[at])
}

// fragments sends a message in fragments, with a ping between them. The first fragment ends
// within a character.
func (p *prober) fragments(ctx context.Context) Check {
	const name = "fragments"
	s, err := p.open(ctx, offer{})
	if err != nil {
		return failed(name, "%v", err)
	}
	defer s.release()
	sent := sample{name, websocket.MessageText, []byte("first, \u03BAsecond, third")}
	split := strings.IndexRune(string(sent.payload), '\u03BA') + 1
	pieces := [][]byte{sent.payload[:split], sent.payload[split : split+9], sent.payload[split+9:]}

	writing, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	w, err := s.conn.Writer(writing, sent.kind)
	for i := 0; err == nil && i < len(pieces); i++ {
		if i == 1 {
			if err := s.ping(writing); err != nil {
				return failed(name, "no pong: a ping between two fragments was not answered: %s", describeEnd(err))
			}
		}
		_, err = w.Write(pieces[i])
	}
	if err == nil {
		w.Close()
	}
	got, err := s.next(ctx) // also fails if a write did
	switch {
	case err != nil:
		return failed(name, "no echo: message in %d fragments: %s", len(pieces), describeEnd(err))
	case sent.difference(got) != "":
		return failed(name, "%s", sent.difference(got))
	case got.pieces != len(pieces):
		return ok(name, "echoed unchanged: %d fragments came back as %d, which RFC 6455 allows; a ping between them was answered", len(pieces), got.pieces)
	default:
		return ok(name, "echoed unchanged: in %d fragments, as sent; a ping between them was answered", len(pieces))
	}
}
