package probe

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// A Plan describes a load. It is bounded, because Load tests a path, not a server's capacity.
type Plan struct {
	Messages int     // in total, 1 to 1,000,000
	Conns    int     // connections, 1 to 1000, each with one message in flight
	Rate     float64 // messages a second in total, 0.01 to 1,000,000; 0 for as fast as the echoes arrive
	Size     int     // of a message, 0 to 1048576 bytes
}

// The limits of a Plan.
const (
	maxMessages = 1_000_000
	maxConns    = 1000
	maxSize     = 1 << 20
)

// Check returns an error if the plan exceeds a limit. The error names the flags of the
// command: -n for Messages, -conns, -rate and -size.
func (p Plan) Check() error {
	switch {
	case p.Messages < 1 || p.Messages > maxMessages:
		return fmt.Errorf("-n %d must be from 1 to %d", p.Messages, maxMessages)
	case p.Conns < 1 || p.Conns > maxConns:
		return fmt.Errorf("-conns %d must be from 1 to %d", p.Conns, maxConns)
	case p.Rate != 0 && !(p.Rate >= 0.01 && p.Rate <= maxMessages):
		return fmt.Errorf("-rate %v must be from 0.01 to %d, or 0 for as fast as the echoes arrive", p.Rate, maxMessages)
	case p.Size < 0 || p.Size > maxSize:
		return fmt.Errorf("-size %d must be from 0 to %d", p.Size, maxSize)
	}
	return nil
}

// loadData holds the figures of a load, latencies in milliseconds.
type loadData struct {
	Messages  int     `json:"messages"`
	Errors    int     `json:"errors"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"per_second"`
	Min       float64 `json:"min_ms"`
	P50       float64 `json:"p50_ms"`
	P90       float64 `json:"p90_ms"`
	P95       float64 `json:"p95_ms"`
	P99       float64 `json:"p99_ms"`
	Max       float64 `json:"max_ms"`
}

// A load is a plan in progress.
type load struct {
	Plan
	started time.Time
	next    atomic.Int64 // the number of the next message
	done    atomic.Int64 // messages echoed

	mu        sync.Mutex
	latencies []time.Duration
	errs      []error
}

// Load sends the messages of a plan. With a rate, latency counts from the time at which a
// message was due, so that a message that waits for its connection counts as late. progress,
// which must not be nil, receives a line each second.
func Load(ctx context.Context, target *Target, plan Plan, emit func(Check), progress func(string)) {
	const name = "load"
	sessions, err := target.dialAll(ctx, plan.Conns)
	defer func() {
		for _, s := range sessions {
			s.release()
		}
	}()
	if err != nil {
		c := failed(name, "opened %d of %d connections: %s", len(sessions), plan.Conns, describeEnd(err))
		c.explain(target.diagnoseHandshake(ctx, err))
		emit(c)
		return
	}
	l := &load{Plan: plan, started: time.Now()}
	var wg sync.WaitGroup
	for _, s := range sessions {
		wg.Go(func() { l.work(ctx, s) })
	}
	finished := make(chan struct{})
	go func() { wg.Wait(); close(finished) }()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			progress(fmt.Sprintf("%d of %d messages in %.0f s", l.done.Load(), plan.Messages, time.Since(l.started).Seconds()))
		case <-finished:
			emit(l.check(ctx, name, time.Since(l.started)))
			return
		}
	}
}

// maxDials is how many connections are opened concurrently.
const maxDials = 32

// dialAll opens n connections and waits for the first echo on each. With an error it returns
// the connections opened so far.
func (t *Target) dialAll(ctx context.Context, n int) (sessions []*session, err error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	places := make(chan struct{}, maxDials)
	for range n {
		places <- struct{}{}
		if ctx.Err() != nil { // one has failed, so the load cannot run
			break
		}
		wg.Go(func() {
			defer func() { <-places }()
			s, dialErr := t.dial(ctx, offer{})
			if dialErr == nil {
				if _, _, dialErr = s.firstEcho(ctx, "before the load"); dialErr != nil {
					s.release()
				}
			}
			mu.Lock()
			defer mu.Unlock()
			switch {
			case dialErr == nil:
				sessions = append(sessions, s)
			case err == nil:
				err = dialErr
				cancel()
			}
		})
	}
	wg.Wait()
	return sessions, err
}

// work sends messages on a connection and waits for the echo of each.
func (l *load) work(ctx context.Context, s *session) {
	var latencies []time.Duration
	var err error
	sent := sample{kind: websocket.MessageBinary, payload: noise(l.Size)}
	for err == nil {
		n := l.next.Add(1) - 1
		if n >= int64(l.Messages) {
			break
		}
		due := time.Now()
		if l.Rate > 0 {
			due = l.started.Add(time.Duration(float64(n) / l.Rate * float64(time.Second)))
			if !sleep(ctx, time.Until(due)) {
				break
			}
		}
		if l.Size >= 8 { // number the message, so that no two echoes are equal
			binary.BigEndian.PutUint64(sent.payload, uint64(n))
		}
		var got message
		got, err = s.echo(ctx, sent.kind, sent.payload)
		if err == nil && sent.difference(got) != "" {
			err = errors.New(sent.difference(got))
		}
		if err == nil {
			latencies = append(latencies, time.Since(due))
			l.done.Add(1)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.latencies = append(l.latencies, latencies...)
	if err != nil && ctx.Err() == nil {
		l.errs = append(l.errs, err)
	}
}

// sleep waits for d, and reports whether that passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// check returns the result of the load.
func (l *load) check(ctx context.Context, name string, took time.Duration) Check {
	slices.Sort(l.latencies)
	data := loadData{Messages: len(l.latencies), Errors: len(l.errs), Seconds: took.Seconds()}
	var text strings.Builder
	fmt.Fprintf(&text, "%d messages of %d bytes on %d connections in %s", len(l.latencies), l.Size, l.Conns, milliseconds(took))
	if len(l.latencies) > 0 {
		at := func(p int) time.Duration { return percentile(l.latencies, p) }
		data.PerSecond = float64(len(l.latencies)) / max(took.Seconds(), 1e-9)
		data.Min, data.P50, data.P90, data.P95, data.P99, data.Max = inMS(at(0)), inMS(at(50)), inMS(at(90)), inMS(at(95)), inMS(at(99)), inMS(at(100))
		fmt.Fprintf(&text, ", %.0f a second\nlatency: min %s, p50 %s, p90 %s, p95 %s, p99 %s, max %s", data.PerSecond,
			milliseconds(at(0)), milliseconds(at(50)), milliseconds(at(90)), milliseconds(at(95)), milliseconds(at(99)), milliseconds(at(100)))
	}
	c := Check{Name: name, Verdict: OK, Data: data}
	switch {
	case len(l.errs) > 0:
		c.Verdict = Failed
		fmt.Fprintf(&text, "\nfailed connections: %d; the first error: %s", len(l.errs), describeEnd(l.errs[0]))
	case ctx.Err() != nil:
		c.Verdict = Failed
		text.WriteString("\ninterrupted")
	}
	c.Detail = text.String()
	return c
}
