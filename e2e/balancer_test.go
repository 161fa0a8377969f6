package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"
)

// A backend is the address of a process that runs or will run.
type backend struct {
	host         string
	port, health int
}

// start runs echosvc at the backend's address.
func (b backend) start(t *testing.T, variables ...string) *process {
	t.Helper()
	return startBinary(t, append(variables, "HOST="+b.host, fmt.Sprintf("PORT=%d", b.port), fmt.Sprintf("HEALTH_PORT=%d", b.health))...)
}

// A balancer forwards TCP connections to backends in turn, as a cloud load balancer does. A backend
// whose readyz is not 200 gets no new connections, and keeps its existing ones.
type balancer struct {
	net.Listener
	backends []backend

	mu    sync.Mutex
	ready map[backend]bool
	turn  int // index of the next backend
}

// checkInterval is the time between checks of readyz.
const checkInterval = 20 * time.Millisecond

// startBalancer runs a balancer until the end of the test and returns its address.
func startBalancer(t *testing.T, backends []backend) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &balancer{Listener: ln, backends: backends, ready: map[backend]bool{}}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := b.Accept()
			if err != nil {
				return
			}
			running.Go(func() { b.forward(client) })
		}
	})
	for _, backend := range backends {
		running.Go(func() { b.check(t.Context(), backend) })
	}
	t.Cleanup(func() {
		b.Close()
		running.Wait()
	})
	return ln.Addr().String()
}

// check polls readyz of a backend. One that takes long to answer delays no other, and is no less ready
// than before.
func (b *balancer) check(ctx context.Context, backend backend) {
	client := http.Client{Timeout: waitTimeout, Transport: &http.Transport{DisableKeepAlives: true}}
	ticker := time.NewTicker(checkInterval)
	defer ticker.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s:%d/readyz", backend.host, backend.health), nil)
		if err != nil {
			panic(err) // the address is malformed
		}
		response, err := client.Do(request)
		if err == nil {
			response.Body.Close()
		}
		b.mu.Lock()
		b.ready[backend] = err == nil && response.StatusCode == http.StatusOK
		b.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// next returns the next ready backend.
func (b *balancer) next() (backend, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range b.backends {
		next := b.backends[b.turn]
		b.turn = (b.turn + 1) % len(b.backends)
		if b.ready[next] {
			return next, true
		}
	}
	return backend{}, false
}

// forward copies bytes both ways until both sides have ended. If no backend is ready, it drops the
// client, which fails the test.
func (b *balancer) forward(client net.Conn) {
	defer client.Close()
	backend, ok := b.next()
	if !ok {
		return
	}
	server, err := net.Dial("tcp", net.JoinHostPort(backend.host, strconv.Itoa(backend.port)))
	if err != nil {
		return
	}
	defer server.Close()
	var copying sync.WaitGroup
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		copying.Go(func() {
			io.Copy(way[1], way[0])
			way[1].(*net.TCPConn).CloseWrite()
		})
	}
	copying.Wait()
}
