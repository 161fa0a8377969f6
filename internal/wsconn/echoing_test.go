package wsconn

import (
	"bytes"
	"compress/flate"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wstest"
)

// TestPartOfAFrameIsNotIdle: a message may take longer than IDLE_TIMEOUT to arrive.
func TestPartOfAFrameIsNotIdle(t *testing.T) {
	c := newConnTest(t, func(c *settings) { c.PingInterval, c.IdleTimeout = 0, time.Minute }).open()
	for i, b := range wstest.Frame(0x81, "slow") {
		c.at(time.Duration(i) * 50 * time.Second)
		c.receive([]byte{b})
	}
	c.expect(socket.Read, "\x81\x04slow")
}

// TestInflatingYields: inflating a few kilobytes may take long, so other connections get
// their turn in between.
func TestInflatingYields(t *testing.T) {
	payload := zeros()
	c := newConnTest(t, nil).openWith(wstest.Request("Sec-WebSocket-Extensions: permessage-deflate"))
	c.crowded = true
	c.receive(wstest.Frame(0xc2, payload))
	if c.step.Then != socket.Yield || len(c.kept) == 0 {
		t.Fatalf("then %v, %d bytes kept; want a Yield", c.step.Then, len(c.kept))
	}
	c.crowded = false
	c.receive()
	if got := wstest.Messages(t, wstest.ReadFrames(t, c.sent)); len(got) != 1 || !got[0].Compressed || got[0].Payload != payload {
		t.Errorf("another message came back, of %d bytes", len(c.sent))
	}
	if c.step.Then != socket.Read || len(c.kept) != 0 {
		t.Errorf("then %v, %d bytes kept", c.step.Then, len(c.kept))
	}
}

// zeros returns a compressed message of a few kilobytes that inflates to 16 MiB.
func zeros() string {
	var deflated bytes.Buffer
	w, _ := flate.NewWriter(&deflated, flate.BestCompression) // fails only for unknown levels
	w.Write(make([]byte, 16<<20))
	w.Flush()
	return strings.TrimSuffix(deflated.String(), "\x00\x00\xff\xff") // RFC 7692 section 7.2.1
}

// TestWakeBetweenYieldAndReceive: a connection that has yielded may be woken before it gets
// what it kept. A ping does not change the echo; nothing is sent after a close frame (RFC
// 6455 section 5.5.1).
func TestWakeBetweenYieldAndReceive(t *testing.T) {
	yielded := func(t *testing.T) (*connTest, string) {
		payload := zeros()
		c := newConnTest(t, nil).openWith(wstest.Request("Sec-WebSocket-Extensions: permessage-deflate"))
		c.crowded = true
		c.receive(wstest.Frame(0xc2, payload))
		if c.step.Then != socket.Yield || len(c.kept) == 0 || len(c.sent) != 0 {
			t.Fatalf("then %v, %d bytes kept, %d sent; want a Yield alone", c.step.Then, len(c.kept), len(c.sent))
		}
		return c, payload
	}
	t.Run("ping", func(t *testing.T) {
		c, payload := yielded(t)
		c.wakeAt(25 * time.Second)
		if len(c.sent) != 10 || c.sent[0] != 0x89 || c.step.Then != socket.Read {
			t.Fatalf("sent %q, then %v; want a ping", c.sent, c.step.Then)
		}
		c.sent, c.crowded = nil, false
		c.receive()
		if got := wstest.Messages(t, wstest.ReadFrames(t, c.sent)); len(got) != 1 || !got[0].Compressed || got[0].Payload != payload {
			t.Errorf("another message came back, of %d bytes", len(c.sent))
		}
	})
	t.Run("close frame", func(t *testing.T) {
		c, _ := yielded(t)
		c.settings.DrainSpread = 0
		c.drain()
		c.expect(socket.Read, "\x88\x1d\x03\xe9the server is shutting down")
		c.crowded = false
		c.receive()
		c.expect(socket.Read)
		c.receive(wstest.Frame(0x88, "\x03\xe9"))
		c.expect(socket.ShutDown)
	})
}
