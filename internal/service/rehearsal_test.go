package service

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsconn"
	"github.com/echosvc/echosvc/internal/wstest"
)

// TestRehearsalIsTakenBack half way: the clients that have been told read 1001, the others
// stay, and /readyz is 200 again.
func TestRehearsalIsTakenBack(t *testing.T) {
	const clients = 500
	wstest.NeedFiles(t, 2*clients+100)
	eachDriver(t, func(t *testing.T, driver string) {
		r := startWithActions(t, driver, func(c *config.Config) {
			c.DrainSpread, c.DrainTimeout = 20*time.Second, time.Hour // long enough for a slow machine
		})
		list := dialMany(t, r.addr, clients)
		var told atomic.Int64
		var answering sync.WaitGroup
		stayed := make(chan *wstest.Client, clients)
		for _, c := range list {
			answering.Go(func() {
				f, err := c.Frame()
				switch {
				case err == nil && f.First == 0x88 && strings.HasPrefix(f.Payload, "\x03\xe9"):
					told.Add(1)
					c.Send(wstest.Frame(0x88, "\x03\xe9"))
					c.ExpectEnd()
				case err == nil && f == frame(0x81, "still"):
					stayed <- c
				default:
					t.Errorf("read %v, %v", f, err)
				}
			})
		}
		if status, body := r.do("POST", "/drain"); status != 202 || !strings.Contains(body, "500 connections") {
			t.Fatalf("answered with %d %s", status, body)
		}
		if status, _ := r.do("POST", "/drain"); status != 409 {
			t.Errorf("a second drain is answered with %d", status)
		}
		wstest.Eventually(t, "half of them have been told", func() bool { return told.Load() >= clients/2 })
		if readyz, healthz := get(t, "http://"+r.health+"/readyz"), get(t, "http://"+r.health+"/healthz"); readyz != 503 || healthz != 200 {
			t.Errorf("meanwhile readyz is %d and healthz %d", readyz, healthz)
		}
		late := wstest.Connect(t, r.addr)
		late.Send([]byte(wstest.Request()))
		if got := late.Response(); got.StatusCode != 503 {
			t.Errorf("meanwhile an upgrade is answered with %s", got.Status)
		}
		if status, body := r.do("DELETE", "/drain"); status != 200 {
			t.Fatalf("answered with %d %s", status, body)
		}
		for _, addr := range []string{r.addr, r.health} {
			if got := get(t, "http://"+addr+"/readyz"); got != 200 {
				t.Errorf("after that readyz is %d", got)
			}
		}
		for _, c := range list {
			c.Write(wstest.Frame(0x81, "still")) // fails for those that have been told
		}
		answering.Wait()
		if n := len(stayed); n+int(told.Load()) != clients || n == 0 {
			t.Errorf("%d have been told, and %d stay", told.Load(), n)
		}
		if line := r.line("rehearsed a drain"); line["because"] != "the rehearsal was ended" || line["connections"] != float64(clients) || line["clean"].(float64) > float64(told.Load()) {
			t.Errorf("logged %v", line)
		}
		wstest.Dial(t, r.addr) // is admitted
	})
}

// TestRehearsalToTheEnd: the process goes on, and serves again when the drain is taken back.
func TestRehearsalToTheEnd(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := startWithActions(t, driver, nil)
		c := dialMany(t, r.addr, 1)[0]
		for i := range 2 {
			r.do("POST", "/drain")
			f, err := c.Frame()
			if err != nil || f.First != 0x88 {
				t.Fatalf("read %v, %v", f, err)
			}
			c.Send(wstest.Frame(0x88, "\x03\xe9"))
			c.ExpectEnd()
			c.Close()
			wstest.Eventually(t, "the rehearsal is over", func() bool { return strings.Count(r.log.String(), "rehearsed a drain") == i+1 })
			if line := r.line("rehearsed a drain"); line["because"] != "all connections are closed" || line["clean"] != 1.0 || line["left"] != 0.0 {
				t.Errorf("logged %v", line)
			}
			if status, _ := r.do("DELETE", "/drain"); status != 200 {
				t.Errorf("taking it back is answered with %d", status)
			}
			c = dialMany(t, r.addr, 1)[0]
		}
		if _, metrics := fetch(t, "http://"+r.health+"/metrics"); !strings.Contains(metrics, `echosvc_drain_closed_total{result="clean"} 2`) {
			t.Error("the metric does not count both drains")
		}
	})
}

// TestRehearsalThatWasTakenBackDoesNotDrain: the next one, whose delay has begun, is not cut short.
func TestRehearsalThatWasTakenBackDoesNotDrain(t *testing.T) {
	admission := wsconn.NewAdmission(0, "", budget.NewAccount(0), func() float64 { return 0 })
	r := &rehearsals{admission: admission, now: func() socket.Instant { return 1 }}
	first, takeBack := context.WithCancel(t.Context())
	takeBack()
	admission.StartRehearsal() // the next one
	if _, ok := r.beginDrain(first); ok || admission.DrainStarted() != 0 {
		t.Error("the rehearsal that was taken back drains")
	}
	if _, ok := r.beginDrain(t.Context()); !ok || admission.DrainStarted() == 0 {
		t.Error("the next one does not drain")
	}
}

// TestSignalDuringARehearsal drains and ends the process as ever.
func TestSignalDuringARehearsal(t *testing.T) {
	for name, delay := range map[string]time.Duration{"draining": 0, "waiting": time.Hour} {
		t.Run(name, func(t *testing.T) {
			eachDriver(t, func(t *testing.T, driver string) {
				r := startWithActions(t, driver, func(c *config.Config) {
					c.DrainDelay, c.DrainSpread, c.DrainTimeout = delay, time.Hour, 2*time.Hour
				})
				r.lastMoment = wstest.Patience
				c := dialMany(t, r.addr, 1)[0]
				r.do("POST", "/drain")
				r.signals <- syscall.SIGTERM
				if line := r.line("rehearsed a drain"); line["because"] != "the process ends" {
					t.Errorf("logged %v", line)
				}
				if status, _ := r.do("DELETE", "/drain"); status != 409 {
					t.Errorf("taking the drain back is answered with %d", status)
				}
				r.signals <- syscall.SIGTERM // at once, without the rest of the delay and the spread
				f, err := c.Frame()
				if err != nil || f.First != 0x88 || !strings.HasPrefix(f.Payload, "\x03\xe9") {
					t.Fatalf("read %v, %v", f, err)
				}
				c.Send(wstest.Frame(0x88, "\x03\xe9"))
				c.ExpectEnd()
				<-r.done
				if line := r.line("drained"); line["connections"] != 1.0 || line["clean"] != 1.0 {
					t.Errorf("logged %v", line)
				}
			})
		})
	}
}
