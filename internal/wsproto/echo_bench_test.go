package wsproto

import (
	"compress/flate"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/inflate/inflatetest"
	"github.com/echosvc/echosvc/internal/wstest"
)

// echoLoad is a read that is answered again and again.
type echoLoad struct {
	name string
	in   []byte
}

var echoLoads = []echoLoad{
	{"small", wstest.Frame(0x81, strings.Repeat("a", 64))},
	{"16 small in one read", []byte(strings.Repeat(string(wstest.Frame(0x81, strings.Repeat("a", 64))), 16))},
	{"medium", wstest.Frame(0x82, strings.Repeat("a", 16<<10))},
	{"medium text beyond ASCII", wstest.Frame(0x81, strings.Repeat("κόσμε ", 1489))},
	{"large", wstest.Frame(0x82, strings.Repeat("a", 1<<20))},
	{"fragmented", join(wstest.Frame(0x01, strings.Repeat("a", 1000)), wstest.Frame(0x89, "p"), wstest.Frame(0x00, strings.Repeat("a", 1000)), wstest.Frame(0x80, ""))},
	{"100,000 tiny in one read", []byte(strings.Repeat(string(wstest.Frame(0x82, "a")), 100_000))},
}

// run answers the load in mem, which has room for Headroom and the load, in as many turns as
// it takes.
func (l *echoLoad) run(echo *Echo, mem []byte) {
	b := Buffer{Mem: mem, Start: Headroom, End: Headroom + copy(mem[Headroom:], l.in)}
	for {
		switch echo.Next(&b).Kind {
		case NeedMore:
			return
		case Yield:
			b = Buffer{Mem: mem, Start: b.Start, End: b.End}
		}
	}
}

func BenchmarkEcho(b *testing.B) {
	for _, load := range echoLoads {
		b.Run(load.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(load.in)))
			echo, mem := NewEcho(&Config{}, Deflate{}), make([]byte, Headroom+len(load.in))
			for b.Loop() {
				load.run(&echo, mem)
			}
		})
	}
}

func BenchmarkCompressedEcho(b *testing.B) {
	for _, load := range []echoLoad{
		{"JSON", wstest.Frame(0xc2, string(inflatetest.Flushed(inflatetest.JSON(), flate.BestSpeed)))},
		{"noise", wstest.Frame(0xc2, string(inflatetest.Flushed(inflatetest.Noise(60_000), flate.BestSpeed)))},
	} {
		for _, deflate := range []Deflate{stateless, takeover} {
			b.Run(load.name+"/"+deflate.String(), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(load.in)))
				echo, mem := NewEcho(&Config{Inflaters: newTestInflaters(b)}, deflate), make([]byte, Headroom+len(load.in))
				for b.Loop() {
					load.run(&echo, mem)
				}
			})
		}
	}
}

func BenchmarkDecoder(b *testing.B) {
	for _, load := range echoLoads {
		b.Run(load.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(load.in)))
			decoder, mem := NewDecoder(&Config{}, Deflate{}), make([]byte, len(load.in))
			var ev Event
			for b.Loop() {
				for rest := mem[:copy(mem, load.in)]; len(rest) > 0; {
					rest = rest[decoder.Next(rest, &ev):]
				}
			}
		})
	}
}

func BenchmarkHandshake(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		var h Head
		n, _ := h.Scan([]byte(exampleRequest))
		r, _ := ParseRequest([]byte(exampleRequest[:n]))
		if _, err := anything.Accept(&r); err != nil {
			b.Fatal(err)
		}
	}
}
