package wsconn

import (
	"log/slog"
	"testing"

	"github.com/echosvc/echosvc/internal/wsproto"
	"github.com/echosvc/echosvc/internal/wstest"
)

// BenchmarkReceive measures a read of one message of 64 bytes. Controls must cost nothing on
// a connection without them.
func BenchmarkReceive(b *testing.B) {
	for _, test := range []struct{ name, query string }{{"no controls", ""}, {"controls", "pong=0"}} {
		b.Run(test.name, func(b *testing.B) {
			server, _ := newServer(slog.New(slog.DiscardHandler), nil)
			c := New(server, 1, "192.0.2.1:5000")
			mem := make([]byte, wsproto.Headroom, wsproto.MinBuffer)
			c.Opened(1)
			receive := func(in []byte) {
				mem = append(mem[:wsproto.Headroom], in...)
				c.Receive(1, mem, wsproto.Headroom, len(mem))
				c.Flushed(1)
				c.NextWake()
			}
			receive([]byte(upgrade(test.query)))
			frame := wstest.Frame(0x82, "64 bytes, 64 bytes, 64 bytes, 64 bytes, 64 bytes, 64 bytes, 64 b")
			b.ReportAllocs()
			for b.Loop() {
				receive(frame)
			}
			if c.stage != stageOpen {
				b.Fatal(c.stage)
			}
		})
	}
}
