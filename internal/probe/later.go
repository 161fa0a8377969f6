package probe

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// later counts the handshakes after the first one, which succeeded. A limit on handshakes or on
// connections shows only in them.
type later struct {
	open atomic.Int64 // connections of this run

	mu               sync.Mutex
	accepted, failed int
	inARow           int   // failed, since the last one that was accepted
	first            error // of the first that failed
	others           int64 // connections that were open then
}

// count adds the outcome of a handshake. A refusal of controls is not a failure.
func (l *later) count(s *session, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.accepted++
		l.inARow = 0
		l.open.Add(1)
		s.counted = &l.open
	case !refusesControls(err) && !errors.Is(err, context.Canceled):
		if l.first == nil {
			l.first, l.others = err, l.open.Load()
		}
		l.failed++
		l.inARow++
	}
}

// maxFailedInARow is how many handshakes in a row fail before the run ends: each may take the
// whole time-out.
const maxFailedInARow = 3

// hopeless reports whether so many handshakes have failed that the rest will fail too.
func (l *later) hopeless() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.inARow >= maxFailedInARow
}

// dial dials and counts the outcome.
func (p *prober) dial(ctx context.Context, o offer) (*session, error) {
	s, err := p.Target.dial(ctx, o)
	p.count(s, err)
	return s, err
}

// laterHandshakes reports handshakes that failed after the first had succeeded, and finds out
// whether a limit is the cause.
func (p *prober) laterHandshakes(ctx context.Context) {
	if p.first == nil || ctx.Err() != nil {
		return
	}
	c := failed("later handshakes", "%d of %d failed, though the first one succeeded: %v", p.failed, p.failed+p.accepted, p.first)
	if d := p.diagnoseLater(ctx); d != nil {
		c.Diagnoses = []*Diagnosis{d}
	}
	p.emit(c)
}

// pauseAfterClose is how long a proxy may take to notice that a connection has ended, and
// pauseForRate is a little more than the second in which most limits count.
const (
	pauseAfterClose = 200 * time.Millisecond
	pauseForRate    = 1100 * time.Millisecond
)

// diagnoseLater tells a limit of connections from one of requests in a time. No connection of
// the run is open any more.
func (p *prober) diagnoseLater(ctx context.Context) *Diagnosis {
	var refused *refusal
	if errors.As(p.first, &refused) {
		if errorPage(refused) == "" && refused.body != "" || refused.status != http.StatusServiceUnavailable && refused.status != http.StatusTooManyRequests {
			return p.diagnoseHandshake(ctx, p.first)
		}
	}
	proxy := ""
	if refused != nil {
		proxy = named(errorPage(refused), p.proxyBehind(ctx, &refused.response))
	} else {
		proxy = p.provoke(ctx)
	}
	again := func(pause time.Duration) bool {
		sleepUntil(ctx, time.Now().Add(pause))
		s, err := p.Target.dial(ctx, offer{})
		if err == nil {
			s.release()
		}
		return err == nil
	}
	switch {
	case again(pauseAfterClose) && again(0):
		if p.others > 0 {
			return diagnose("connections-limited", proxy, "handshakes fail while %d other connections of this client are open, and succeed after those have ended", p.others)
		}
	case again(pauseForRate):
		return diagnose("request-rate-limited", proxy, "a handshake right after another one fails, and succeeds a second later")
	}
	return p.diagnoseHandshake(ctx, p.first)
}
