package service

import (
	"bytes"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
	"github.com/echosvc/echosvc/internal/wstest"
)

// heap is the memory in use, in bytes, after a collection.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

var floods = map[string][]byte{
	"messages": wstest.Frame(0x82, strings.Repeat("x", 1000)),
	"pings":    wstest.Frame(0x89, "ping"),
}

// TestFloodsAreHeldByNotReading: a client that sends and never reads costs one buffer,
// however much it would send, and is closed after WRITE_TIMEOUT.
func TestFloodsAreHeldByNotReading(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		for name, flood := range floods {
			t.Run(name, func(t *testing.T) {
				r := start(t, driver, func(c *config.Config) { c.WriteTimeout = 300 * time.Millisecond })
				c := wstest.Dial(t, r.addr)
				piece := bytes.Repeat(flood, (4<<20)/len(flood))
				before := heap()
				flooded := make(chan error, 1)
				go func() {
					for range 16 {
						if _, err := c.Conn.Write(piece); err != nil {
							flooded <- err
							return
						}
					}
					flooded <- nil
				}()
				var inUse, grown int64
				eventually(t, "the client is closed", func() bool {
					inUse, grown = max(inUse, r.driver.BytesInUse()), max(grown, heap()-before)
					return strings.Contains(r.log.String(), "connection closed")
				})
				if err := <-flooded; err == nil {
					t.Error("64 MiB were taken from a client that does not read")
				}
				if got := r.line("connection closed"); got["cause"] != socket.ErrWriteTimeout.Error() || got["clean"] != false {
					t.Errorf("the log says %v", got)
				}
				if inUse == 0 || inUse > 514<<10 {
					t.Errorf("%d bytes of buffers were in use", inUse)
				}
				if grown > 4<<20 {
					t.Errorf("the heap grew by %d bytes", grown)
				}
			})
		}
	})
}

// TestManyPingsAreAnsweredInOrder: 100,000 of them, read as they come.
func TestManyPingsAreAnsweredInOrder(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		c := wstest.Dial(t, r.addr)
		const pings = 100_000
		go c.Write([]byte(strings.Repeat(string(wstest.Frame(0x89, "a"))+string(wstest.Frame(0x89, "b")), pings/2)))
		for range pings / 2 {
			c.Expect(frame(0x8a, "a"), frame(0x8a, "b"))
		}
	})
}

// TestClaimOf1TiBIsEchoedAsItComes, in constant memory, when there is no limit.
func TestClaimOf1TiBIsEchoedAsItComes(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, func(c *config.Config) { c.MaxMessageSize = 0 })
		c := wstest.Dial(t, r.addr)
		c.Send(wstest.Claim(0x82, 1<<40))
		piece := make([]byte, 1<<20)
		for i := range piece {
			piece[i] = wstest.Key[i%4] // zeros, masked
		}
		before := heap()
		const pieces = 64
		go func() {
			for range pieces {
				c.Write(piece)
			}
		}()
		first, received := byte(0x02), 0
		for received <= pieces<<20-wsproto.MinPiece { // less than a piece waits for more
			f, err := c.Frame()
			if err != nil || f.First != first || strings.Trim(f.Payload, "\x00") != "" {
				t.Fatalf("read %v, %v after %d bytes; want zeros in a frame %02x", f, err, received, first)
			}
			received += len(f.Payload)
			first = 0x00
		}
		if grown := heap() - before; grown > 8<<20 { // 1/8 of what has passed, for the test's own buffers
			t.Errorf("the heap has grown by %d bytes", grown)
		}
	})
}

// TestClaimsHoldWhatHasCome: a header that claims much, and silence behind it.
func TestClaimsHoldWhatHasCome(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, func(c *config.Config) { c.MaxMessageSize = 0 })
		const clients = 50
		for i := range clients {
			c := wstest.Dial(t, r.addr)
			c.Send(append(wstest.Frame(0x89, "seen"), wstest.Claim(0x82, 1<<40+uint64(i))...))
			c.Expect(frame(0x8a, "seen"))
		}
		if lent := r.driver.BytesInUse(); lent > clients*4<<10 {
			t.Errorf("%d clients hold %d bytes", clients, lent)
		}
	})
}

// TestPeerVanishes at every step of its life, gently and with a reset: start checks that
// nothing is left of it.
func TestPeerVanishes(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, func(c *config.Config) { c.CloseTimeout = 50 * time.Millisecond })
		steps := []func(c *wstest.Client){
			func(c *wstest.Client) {},
			func(c *wstest.Client) { c.Send([]byte("GET / HT")) },
			func(c *wstest.Client) { c.Send([]byte(wstest.Request())) },
			func(c *wstest.Client) { c.Send([]byte(wstest.Request()), wstest.Frame(0x81, "half")[:7]) },
			func(c *wstest.Client) { c.Send([]byte(wstest.Request()), wstest.Frame(0x81, "bye")) },
			func(c *wstest.Client) { c.Send([]byte(wstest.Request()), wstest.Frame(0x88, "\x03\xe8")) },
			func(c *wstest.Client) { c.Send([]byte(wstest.Request()), []byte("\x83")) },
			func(c *wstest.Client) {
				c.Send([]byte(wstest.Request()), wstest.Frame(0x81, "bye"))
				io.CopyN(io.Discard, c, 150)
			},
			func(c *wstest.Client) {
				c.Send([]byte(wstest.Request()), wstest.Frame(0x88, ""))
				io.Copy(io.Discard, c)
			},
		}
		for _, step := range steps {
			for _, reset := range []bool{false, true} {
				c := wstest.Connect(t, r.addr)
				step(c)
				if reset {
					c.Conn.(interface{ SetLinger(int) error }).SetLinger(0)
				}
				c.Close()
			}
		}
		eventually(t, "every connection is gone", func() bool { return r.handlers() == 0 && r.admission.Open() == 0 })
	})
}
