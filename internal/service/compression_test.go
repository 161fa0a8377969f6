package service

import (
	"bytes"
	"compress/flate"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/wsproto"
	"github.com/echosvc/echosvc/internal/wstest"
)

// offerDeflate is what browsers send.
const offerDeflate = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"

// deflated returns text as the payload of a compressed message (RFC 7692 section 7.2.1).
func deflated(text string) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression) // fails only for unknown levels
	w.Write([]byte(text))
	w.Flush()
	return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
}

func TestCompressedEcho_RFC7692(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		for mode, want := range map[wsproto.Compression]string{
			wsproto.Stateless: "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
			wsproto.Takeover:  "permessage-deflate",
		} {
			r := start(t, driver, func(c *config.Config) { c.Compression = config.Compression(mode) })
			c := wstest.Connect(t, r.addr)
			c.Send([]byte(wstest.Request(offerDeflate)))
			if got := c.Response().Header.Get("Sec-WebSocket-Extensions"); got != want {
				t.Errorf("Sec-WebSocket-Extensions is %q, want %q", got, want)
			}
			text := strings.Repeat("κόσμε ", 1000)
			message := deflated(text)
			c.Send(wstest.Frame(0xc1, message), wstest.Frame(0x81, "plain"))
			c.Expect(frame(0xc1, message), frame(0x81, "plain"))
			saved := int64(len(text) - len(message))
			wstest.Eventually(t, "the connection is listed", func() bool { return r.list("").Count == 1 })
			if got := r.list("").Connections[0]; got.Extensions != want || got.Saved != saved || got.Bytes != int64(len(message)+len("plain")) {
				t.Errorf("listed as %+v", got)
			}
			c.Send(wstest.Frame(0x88, "\x03\xe8"))
			c.ExpectClose(1000)
			c.Close()
			if got := r.line("connection closed"); got["extensions"] != want || got["saved"] != float64(saved) {
				t.Errorf("logged %v", got)
			}
		}
	})
}

// TestCompressionThatAdds: a counter never goes down, since Prometheus takes that for a restart.
// The list and the log have the difference.
func TestCompressionThatAdds(t *testing.T) {
	r := start(t, "portable", nil)
	c := wstest.Connect(t, r.addr)
	c.Send([]byte(wstest.Request(offerDeflate)))
	c.Response()
	longer, shorter := deflated("Hi"), deflated(strings.Repeat("a", 100))
	for _, message := range []string{longer, shorter, longer} {
		c.Send(wstest.Frame(0xc1, message))
		c.Expect(frame(0xc1, message))
	}
	saved := 100 - len(shorter)
	wstest.Eventually(t, "the messages are counted", func() bool {
		return gather(t, r.metrics)["websocket_compression_saved_bytes_total"] == float64(saved)
	})
	if got, want := r.list("").Connections[0].Saved, int64(saved-2*(len(longer)-len("Hi"))); got != want {
		t.Errorf("listed with saved %d, want %d", got, want)
	}
}

func TestCompressionOff(t *testing.T) {
	r := start(t, "portable", func(c *config.Config) { c.Compression = config.Compression(wsproto.NoCompression) })
	c := wstest.Connect(t, r.addr)
	c.Send([]byte(wstest.Request(offerDeflate)))
	if got := c.Response().Header.Values("Sec-WebSocket-Extensions"); len(got) != 0 {
		t.Errorf("Sec-WebSocket-Extensions is %q, want none", got)
	}
	c.Send(wstest.Frame(0xc1, deflated("x")))
	c.ExpectClose(1002)
}

func TestCompressedGoodbye(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		for _, text := range []string{"bye!", "by"} {
			c := wstest.Dial(t, r.addr, offerDeflate)
			c.Send(wstest.Frame(0xc1, deflated(text)), wstest.Frame(0xc2, deflated("bye")), wstest.Frame(0x89, "still there"))
			c.Expect(frame(0xc1, deflated(text)), frame(0xc2, deflated("bye")), frame(0x8a, "still there"))
		}
		bye := deflated("BYE")
		c := wstest.Dial(t, r.addr, offerDeflate)
		c.Send(wstest.Frame(0x41, bye[:2]), wstest.Frame(0x80, bye[2:]))
		c.Expect(frame(0x41, bye[:2]), frame(0x80, bye[2:]))
		f, err := c.Frame()
		if err != nil || f != frame(0x88, "\x03\xe8goodbye") {
			t.Errorf("after the echo, read %v, %v", f, err)
		}
	})
}

// TestDecompressionBomb: MAX_MESSAGE_SIZE limits the inflated size, and inflating keeps
// nothing.
func TestDecompressionBomb(t *testing.T) {
	size := 64 << 20
	if withRaceDetector {
		size /= 4 // inflating is many times as slow
	}
	bomb := wstest.Frame(0xc2, deflated(strings.Repeat("\x00", size)))
	eachDriver(t, func(t *testing.T, driver string) {
		for limit, reason := range map[config.Size]string{
			64 << 10: "the message is over MAX_MESSAGE_SIZE=64KiB of this echosvc",
			0:        "",
		} {
			r := start(t, driver, func(c *config.Config) { c.MaxMessageSize = limit })
			c := wstest.Dial(t, r.addr, offerDeflate)
			before := heap()
			c.Send(bomb)
			if limit == 0 {
				if f, err := c.Frame(); err != nil || f.First&0xf != 2 {
					t.Errorf("read %v, %v; want the beginning of the echo", f, err)
				}
			} else if got := c.ExpectClose(1009); got != reason {
				t.Errorf("closed with %q", got)
			}
			if grown := heap() - before; grown > 4<<20 {
				t.Errorf("the heap grew by %d bytes", grown)
			}
		}
	})
}
