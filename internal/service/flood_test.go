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

// heap collects garbage and returns the size of the heap in bytes.
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

// TestFloodsAreBounded: a client that sends and never reads costs one buffer, however much it
// sends, and is closed after WRITE_TIMEOUT.
func TestFloodsAreBounded(t *testing.T) {
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
				wstest.Eventually(t, "the client is closed", func() bool {
					inUse, grown = max(inUse, r.bufferBytes()), max(grown, heap()-before)
					return strings.Contains(r.log.String(), "connection closed")
				})
				if err := <-flooded; err == nil {
					t.Error("the server read 64 MiB from a client that does not read")
				}
				if got := r.line("connection closed"); got["cause"] != socket.ErrWriteTimeout.Error() || got["clean"] != false {
					t.Errorf("logged %v", got)
				}
				if inUse > 580<<10 { // the largest buffer, or for a moment a full one and the one that it replaces
					t.Errorf("%d bytes of buffers were in use", inUse)
				}
				if grown > 4<<20 {
					t.Errorf("the heap grew by %d bytes", grown)
				}
			})
		}
	})
}

// TestManyPingsAreAnsweredInOrder: the client reads the pongs as they come.
func TestManyPingsAreAnsweredInOrder(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		c := wstest.Dial(t, r.addr)
		pings := 100_000
		if withRaceDetector {
			pings /= 10
		}
		go c.Write([]byte(strings.Repeat(string(wstest.Frame(0x89, "a"))+string(wstest.Frame(0x89, "b")), pings/2)))
		for range pings / 2 {
			c.Expect(frame(0x8a, "a"), frame(0x8a, "b"))
		}
	})
}

// TestHugeFrameIsEchoedAsItArrives in constant memory, if MAX_MESSAGE_SIZE is 0.
func TestHugeFrameIsEchoedAsItArrives(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, func(c *config.Config) { c.MaxMessageSize = 0 })
		c := wstest.Dial(t, r.addr)
		c.Send(wstest.Claim(0x82, 1<<40))
		piece := make([]byte, 1<<20)
		for i := range piece {
			piece[i] = wstest.Key[i%4] // zeros, masked
		}
		before := heap()
		pieces := 64
		if withRaceDetector {
			pieces /= 4
		}
		go func() {
			for range pieces {
				c.Write(piece)
			}
		}()
		first, received := byte(0x02), 0
		for received <= pieces<<20-wsproto.MinPiece { // less than a piece waits for more
			f, err := c.Frame()
			if err != nil || f.First != first || strings.Trim(f.Payload, "\x00") != "" {
				t.Fatalf("read %v, %v after %d bytes; want zeros in a frame that starts with %02x", f, err, received, first)
			}
			received += len(f.Payload)
			first = 0x00
		}
		if grown := heap() - before; grown > 8<<20 { // less than the payload; the test has buffers too
			t.Errorf("the heap grew by %d bytes", grown)
		}
	})
}

// TestClaimsCostNothing: a header that claims a huge payload reserves no memory for it.
func TestClaimsCostNothing(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, func(c *config.Config) { c.MaxMessageSize = 0 })
		const clients = 50
		for i := range clients {
			c := wstest.Dial(t, r.addr)
			c.Send(append(wstest.Frame(0x89, "seen"), wstest.Claim(0x82, 1<<40+uint64(i))...))
			c.Expect(frame(0x8a, "seen"))
		}
		if inUse := r.bufferBytes(); inUse > clients*4<<10 {
			t.Errorf("%d bytes of buffers are in use for %d clients", inUse, clients)
		}
	})
}

// TestClientVanishes at every stage of a connection, with or without a reset. start checks
// that nothing is left over.
func TestClientVanishes(t *testing.T) {
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
		wstest.Eventually(t, "every connection is gone", func() bool { return r.handlers() == 0 && r.admission.Open() == 0 })
	})
}
