//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// newcomerInterval is the time between two newcomers of a kind.
	newcomerInterval = 200 * time.Millisecond

	// newcomerTimeout is how long a person waits for a WebSocket to open and to answer.
	newcomerTimeout = 5 * time.Second

	// healthTimeout is the default of a Kubernetes probe.
	healthTimeout = time.Second
)

// newcomers come during an attack: new WebSockets, and health checks on both ports.
type newcomers struct {
	target *target
	all    sync.WaitGroup

	mu     sync.Mutex
	opened tally // new WebSockets
	health tally // /healthz on PORT and on HEALTH_PORT
}

// A tally counts attempts.
type tally struct {
	tried, served int
	refused       int   // answered with 503: a limit, and not a failure
	err           error // of the last that was not served; a failure rather than a refusal
}

func (t *tally) count(err error) {
	t.tried++
	var r refusal
	switch {
	case err == nil:
		t.served++
	case errors.As(err, &r) && strings.Contains(r.status, " 503 "):
		t.refused++
		if !t.failed() {
			t.err = err
		}
	default:
		t.err = err
	}
}

// failed reports whether one has failed.
func (t *tally) failed() bool { return t.tried > t.served+t.refused }

func (t tally) String() string { return fmt.Sprintf("%d/%d", t.served, t.tried) }

// start sends newcomers until ctx is done.
func (n *newcomers) start(ctx context.Context) {
	health := &http.Client{Timeout: healthTimeout, Transport: &http.Transport{DisableKeepAlives: true}}
	own := &http.Client{Timeout: healthTimeout, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: n.target.tls}}
	scheme := "http://"
	if n.target.tls != nil {
		scheme = "https://"
	}
	n.every(ctx, &n.opened, func() error { return n.openWebSocket(ctx) })
	n.every(ctx, &n.health, func() error { return get(ctx, health, "http://"+n.target.health+"/healthz") })
	n.every(ctx, &n.health, func() error { return get(ctx, own, scheme+n.target.addr+"/healthz") })
}

// wait waits for the newcomers that are on their way after ctx is done.
func (n *newcomers) wait() { n.all.Wait() }

func (n *newcomers) every(ctx context.Context, t *tally, try func() error) {
	n.all.Go(func() {
		ticker := time.NewTicker(newcomerInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			started := time.Now()
			err := try()
			if ctx.Err() != nil && err != nil {
				// The end of the attack interrupted it. That counts if it had waited.
				waited := time.Since(started)
				if waited < healthTimeout {
					return
				}
				err = fmt.Errorf("not served within %v", waited.Round(time.Millisecond))
			}
			n.mu.Lock()
			t.count(err)
			n.mu.Unlock()
		}
	})
}

// openWebSocket opens a WebSocket, compares an echo, and closes.
func (n *newcomers) openWebSocket(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, newcomerTimeout)
	defer cancel()
	c, err := n.target.open(ctx, socketOptions{source: goodSource})
	if err != nil {
		return err
	}
	defer reset(c.Conn)
	deadline, _ := ctx.Deadline()
	c.SetDeadline(deadline)
	if err := c.upgrade("/newcomer"); err != nil {
		return err
	}
	if _, err := c.Write(slices.Concat(frame(fin|opText, []byte("hello")), closeFrame(1000))); err != nil {
		return err
	}
	echo, err := c.next()
	if err != nil {
		return err
	}
	closing, err := c.next()
	if err != nil {
		return err
	}
	if echo.first != fin|opText || string(echo.payload) != "hello" || closing.first != fin|opClose || closing.closeCode() != 1000 {
		return fmt.Errorf("a newcomer read %x %q and %x %d", echo.first, echo.payload, closing.first, closing.closeCode())
	}
	return nil
}

// get requests a URL, and discards the body of the response. The error is a refusal if the status is
// not 200.
func get(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return refusal{"HTTP/1.1 " + response.Status}
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
