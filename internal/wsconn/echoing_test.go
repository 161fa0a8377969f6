package wsconn

import (
	"bytes"
	"compress/flate"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
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
	var deflated bytes.Buffer
	w, _ := flate.NewWriter(&deflated, flate.BestCompression) // fails only for unknown levels
	w.Write(make([]byte, 16<<20))
	w.Flush()
	payload := strings.TrimSuffix(deflated.String(), "\x00\x00\xff\xff") // RFC 7692 section 7.2.1

	c := newConnTest(t, nil).openWith(wstest.Request("Sec-WebSocket-Extensions: permessage-deflate"))
	mem := append(make([]byte, wsproto.Headroom), wstest.Frame(0xc2, payload)...)
	step, kept := c.conn.Receive(c.now, mem, wsproto.Headroom, len(mem))
	if step.Then != socket.Yield || kept == 0 {
		t.Fatalf("then %v, %d bytes kept; want a Yield", step.Then, kept)
	}
	c.kept = bytes.Clone(mem[len(mem)-kept:])
	c.do(socket.Step{Write: bytes.Clone(step.Write), Then: step.Then})
	if got := wstest.Messages(t, wstest.ReadFrames(t, c.sent)); len(got) != 1 || !got[0].Compressed || got[0].Payload != payload {
		t.Errorf("another message came back, of %d bytes", len(c.sent))
	}
	if c.step.Then != socket.Read || len(c.kept) != 0 {
		t.Errorf("then %v, %d bytes kept", c.step.Then, len(c.kept))
	}
}
