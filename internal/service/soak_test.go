package service

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/wstest"
)

var soakTime = flag.Duration("soak", 300*time.Millisecond, "how long TestSoak runs, with each driver")

// soakClients is how many clients a soak has at a time.
const soakClients = 32

// TestSoak has clients of every kind come and go. Every echo must belong to its connection,
// and start checks that nothing is left over. To run it for half an hour:
//
//	go test -run Soak -timeout 70m -v ./internal/service -args -soak 30m
func TestSoak(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, func(c *config.Config) {
			c.PingInterval, c.WriteTimeout, c.CloseTimeout = 50*time.Millisecond, 500*time.Millisecond, 200*time.Millisecond
		})
		r.log.stop() // a long log would count as growth of the heap
		end := time.Now().Add(*soakTime)
		var lives, echoes atomic.Int64
		before := heap()
		var clients sync.WaitGroup
		for worker := range soakClients {
			clients.Go(func() {
				random := rand.New(rand.NewPCG(1, uint64(worker)))
				for time.Now().Before(end) {
					n, err := soakLife(r.addr, lives.Add(1), random)
					if err != nil {
						t.Error(err)
						return
					}
					echoes.Add(int64(n))
				}
			})
		}
		clients.Wait()
		wstest.Eventually(t, "every connection is gone", func() bool { return r.handlers() == 0 })
		t.Logf("%d connections, %d echoes; the heap grew by %d bytes, %d bytes of buffers are in use, %d files are open",
			lives.Load(), echoes.Load(), heap()-before, r.bufferBytes(), openFiles())
		if grown := heap() - before; grown > 16<<20 {
			t.Errorf("the heap grew by %d bytes", grown)
		}
	})
}

// soakLife runs a client: some echoes, then an end of some kind. It returns the number of
// echoes. The error is an echo of another message.
func soakLife(addr string, id int64, random *rand.Rand) (echoes int, err error) {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return 0, nil // no descriptor or port is free at the moment
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(10 * time.Second))
	c := wstest.NewClient(nil, nc)
	if _, err := io.WriteString(nc, wstest.Request()); err != nil {
		return 0, nil
	}
	if err := c.SkipHead(); err != nil {
		return 0, nil
	}
	for i := range random.IntN(20) {
		payload := strings.Repeat(fmt.Sprintf("connection %d, message %d;", id, i), 1+random.IntN(1<<random.IntN(12)))
		written := make(chan error, 1)
		go func() { _, err := nc.Write(wstest.Frame(0x82, payload)); written <- err }()
		got, err := soakMessage(c)
		if err != nil {
			return echoes, nil
		}
		if got != payload {
			return echoes, fmt.Errorf("connection %d sent %.60q and read %.60q", id, payload, got)
		}
		<-written
		echoes++
	}
	switch random.IntN(7) {
	case 0: // closes
		nc.Write(wstest.Frame(0x88, "\x03\xe8"))
		io.Copy(io.Discard, nc)
	case 1: // vanishes with a reset
		nc.(*net.TCPConn).SetLinger(0)
	case 2: // shuts down its sending side within a frame
		nc.Write(wstest.Frame(0x81, "half")[:7])
		nc.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, nc)
	case 3: // floods and does not read
		nc.SetDeadline(time.Now().Add(100 * time.Millisecond))
		nc.Write([]byte(strings.Repeat(string(wstest.Frame(0x82, strings.Repeat("x", 1000))), 4000)))
	case 4: // reads slowly
		go nc.Write(wstest.Frame(0x82, strings.Repeat("x", 300_000)))
		for range 5 {
			io.CopyN(io.Discard, nc, 1000)
			time.Sleep(time.Millisecond)
		}
	case 5: // breaks the protocol and goes on sending
		nc.Write([]byte("\x83\x80abcd" + strings.Repeat("x", 100_000)))
		io.Copy(io.Discard, nc)
	case 6: // says goodbye and does not answer the close frame
		nc.Write(wstest.Frame(0x81, "bye"))
		io.Copy(io.Discard, nc)
	}
	return echoes, nil
}

// soakMessage reads a message and ignores control frames.
func soakMessage(c *wstest.Client) (payload string, err error) {
	for {
		f, err := c.Frame()
		if err != nil {
			return "", err
		}
		if f.First&0xF >= 8 {
			continue
		}
		payload += f.Payload
		if f.First&0x80 != 0 {
			return payload, nil
		}
	}
}
