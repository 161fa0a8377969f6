package wsconn

import (
	"log/slog"
	"testing"

	"github.com/echosvc/echosvc/internal/wsproto"
	"github.com/echosvc/echosvc/internal/wstest"
)

// BenchmarkReceive is a read with one message of 64 bytes on a connection without controls,
// which must not pay for those that have some.
func BenchmarkReceive(b *testing.B) { benchmarkReceive(b, "") }

// BenchmarkControlledReceive is the same with a control.
func BenchmarkControlledReceive(b *testing.B) { benchmarkReceive(b, "pong=0") }

func benchmarkReceive(b *testing.B, query string) {
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
	receive([]byte(upgrade(query)))
	frame := wstest.Frame(0x82, "64 bytes, 64 bytes, 64 bytes, 64 bytes, 64 bytes, 64 bytes, 64 b")
	b.ReportAllocs()
	for b.Loop() {
		receive(frame)
	}
	if c.stage != stageOpen {
		b.Fatal(c.stage)
	}
}
