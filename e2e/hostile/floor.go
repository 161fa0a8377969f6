//go:build linux

package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"sync"
	"time"
)

// A floor measures the round trip of a bare TCP echo inside this program at the same time,
// which does not depend on the server.
type floor struct {
	cancel     context.CancelFunc
	ln         net.Listener
	all        sync.WaitGroup
	mu         sync.Mutex
	roundTrips []time.Duration
}

const floorClients = 10

// startFloor starts measuring, until end is called or ctx is done.
func startFloor(ctx context.Context) (*floor, error) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	f := &floor{ln: ln, cancel: cancel}
	context.AfterFunc(ctx, func() { ln.Close() })
	f.all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			f.all.Go(func() {
				defer c.Close()
				io.Copy(c, c)
			})
		}
	})
	for range floorClients {
		c, err := net.Dial("tcp4", ln.Addr().String())
		if err != nil {
			cancel()
			return nil, err
		}
		f.all.Go(func() { f.run(ctx, c) })
	}
	return f, nil
}

func (f *floor) run(ctx context.Context, c net.Conn) {
	defer c.Close()
	ticker := time.NewTicker(echoInterval / 10)
	defer ticker.Stop()
	r := bufio.NewReader(c)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		sent := time.Now()
		if _, err := io.WriteString(c, "a message of a good client, to the floor\n"); err != nil {
			return
		}
		if _, err := r.ReadString('\n'); err != nil {
			return
		}
		f.mu.Lock()
		f.roundTrips = append(f.roundTrips, time.Since(sent))
		f.mu.Unlock()
	}
}

// end ends the measurement and returns the round trips.
func (f *floor) end() []time.Duration {
	f.cancel()
	f.all.Wait()
	return f.roundTrips
}
