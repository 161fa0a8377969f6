package service

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/wstest"
)

// get requests a URL and returns the status.
func get(t *testing.T, url string) int {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

// dialMany opens n WebSockets, each of which has echoed once.
func dialMany(t *testing.T, addr string, n int) []*wstest.Client {
	t.Helper()
	clients := make([]*wstest.Client, n)
	for i := range clients {
		clients[i] = wstest.Dial(t, addr)
		clients[i].Send(wstest.Frame(0x81, "hello"))
		clients[i].Expect(frame(0x81, "hello"))
	}
	return clients
}

// TestDrain: each of many clients reads a close frame with 1001. The clients that never
// answer it are cut. The summary counts both.
func TestDrain(t *testing.T) {
	clients, dead := 1000, 100
	if withRaceDetector {
		clients, dead = 200, 20
	}
	wstest.NeedFiles(t, 2*clients+100)
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, func(c *config.Config) { c.DrainSpread = 200 * time.Millisecond })
		list := dialMany(t, r.addr, clients)
		r.terminate()

		var answering sync.WaitGroup
		for i, c := range list {
			answering.Go(func() {
				f, err := c.Frame()
				if err != nil || f.First != 0x88 || f.Payload[:2] != "\x03\xe9" {
					t.Errorf("client %d read %v, %v; want a close frame with 1001", i, f, err)
				}
				if i < clients-dead {
					c.Send(wstest.Frame(0x88, "\x03\xe9"))
					c.ExpectEnd()
				}
			})
		}
		late := wstest.Connect(t, r.addr)
		late.Send([]byte(wstest.Request()))
		if got := late.Response(); got.StatusCode != 503 || !got.Close || got.Header.Get("Retry-After") == "" {
			t.Errorf("a late upgrade was answered with %s, %v", got.Status, got.Header)
		}
		for _, addr := range []string{r.addr, r.health} {
			if healthz, readyz := get(t, "http://"+addr+"/healthz"), get(t, "http://"+addr+"/readyz"); healthz != 200 || readyz != 503 {
				t.Errorf("during the drain, healthz is %d and readyz is %d", healthz, readyz)
			}
		}
		answering.Wait()
		wstest.Eventually(t, "all clients that answered are gone", func() bool { return r.admission.Tally().Clean == clients-dead })
		r.signals <- syscall.SIGTERM // instead of waiting for CLOSE_TIMEOUT, which TestDrainOfOneConnection does
		<-r.done
		got := r.line("drained")
		if got["connections"] != float64(clients) || got["clean"] != float64(clients-dead) || got["cut"] != float64(dead) {
			t.Errorf("logged %v", got)
		}
		if logged, omitted := r.ends(); logged+omitted != clients {
			t.Errorf("the log has the ends of %d connections, and omits %d; want %d", logged, omitted, clients)
		}
	})
}

// ends returns how many ends of connections the log has, and how many it says that it omits.
func (r *running) ends() (logged, omitted int) {
	for line := range strings.Lines(r.log.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			r.t.Error(err)
		}
		switch fields["msg"] {
		case "connection closed":
			logged++
		case "lines about connections were omitted":
			omitted += int(fields["closed"].(float64))
		}
	}
	return logged, omitted
}

// TestDrainWaitsForASlowReader: a client that is not reading when the drain begins still gets
// all echoes that are due, and then 1001.
func TestDrainWaitsForASlowReader(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, nil)
		c := wstest.Dial(t, r.addr)
		const messages, size = 24, 1 << 20
		written := make(chan error)
		go func() {
			for range messages {
				if _, err := c.Write(wstest.Frame(0x82, strings.Repeat("x", size))); err != nil {
					written <- err
					return
				}
			}
			written <- nil
		}()
		// The loop keeps no input of such a large frame, so a buffer in use means that it could
		// not send everything. The portable driver always has a buffer in use.
		wstest.Eventually(t, "the server is waiting for the client to read", func() bool {
			return int64(r.metrics.total(func(c *counts) *atomic.Int64 { return &c.bytes })) > 0 && r.bufferBytes() > 0
		})
		r.terminate()
		received := 0
		for {
			f, err := c.Frame()
			if err != nil {
				t.Fatalf("read %v after %d bytes, want 1001", err, received)
			}
			if f.First == 0x88 {
				if f.Payload[:2] != "\x03\xe9" {
					t.Errorf("closed with %q", f.Payload)
				}
				break
			}
			received += len(f.Payload)
		}
		c.Send(wstest.Frame(0x88, "\x03\xe9"))
		c.ExpectEnd()
		<-written
	})
}

// TestDrainDelay: during DRAIN_DELAY only /readyz fails. A later signal ends the delay, and the
// spread with it.
func TestDrainDelay(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, func(c *config.Config) {
			c.DrainDelay, c.DrainSpread, c.DrainTimeout = time.Hour, time.Hour, 2*time.Hour
		})
		r.lastMoment = wstest.Patience
		if got := get(t, "http://"+r.addr+"/readyz"); got != 200 {
			t.Errorf("before the drain, readyz is %d", got)
		}
		old := wstest.Dial(t, r.addr)
		r.signals <- syscall.SIGTERM
		wstest.Eventually(t, "readyz fails", func() bool { return get(t, "http://"+r.addr+"/readyz") == 503 })
		for _, c := range []*wstest.Client{old, wstest.Dial(t, r.addr)} {
			c.Send(wstest.Frame(0x81, "still"))
			c.Expect(frame(0x81, "still"))
		}
		if got := get(t, "http://"+r.health+"/healthz"); got != 200 {
			t.Errorf("during the delay, healthz is %d", got)
		}
		r.signals <- syscall.SIGTERM
		f, err := old.Frame()
		if err != nil || f.First != 0x88 {
			t.Errorf("read %v, %v; want a close frame", f, err)
		}
		old.Send(wstest.Frame(0x88, "\x03\xe9"))
		old.ExpectEnd()
		r.signals <- syscall.SIGTERM // for the other client, which does not answer
		<-r.done
		if got := r.line("drained"); got["clean"] != 1.0 || got["cut"] != 1.0 || got["because"] != "a second signal" {
			t.Errorf("logged %v", got)
		}
	})
}

// TestDrainIsCutShort by DRAIN_TIMEOUT or by a second signal.
func TestDrainIsCutShort(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		t.Run("time-out", func(t *testing.T) {
			r := start(t, driver, func(c *config.Config) { c.DrainTimeout = 100 * time.Millisecond })
			dialMany(t, r.addr, 3)
			r.terminate()
			<-r.done
			if got := r.line("drained"); got["cut"] != 3.0 || got["clean"] != 0.0 || got["because"] != "DRAIN_TIMEOUT has passed" {
				t.Errorf("logged %v", got)
			}
		})
		t.Run("second signal", func(t *testing.T) {
			r := start(t, driver, nil)
			dialMany(t, r.addr, 3)
			r.terminate()
			r.signals <- syscall.SIGINT
			<-r.done
			if got := r.line("drained"); got["cut"] != 3.0 || got["because"] != "a second signal" {
				t.Errorf("logged %v", got)
			}
		})
	})
}
