package probe

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// later counts the handshakes after the first one, which succeeded. Only they can show a limit
// on handshakes or on connections.
type later struct {
	current atomic.Int64 // connections of this run, those that are being opened included

	mu               sync.Mutex
	accepted, failed int
	inARow           int   // failed, since the last one that was accepted
	first            error // of the first that failed
	most             int64 // the largest value of current
}

// count adds the outcome of a handshake. A refusal of controls is not a failure.
func (l *later) count(s *session, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.most = max(l.most, l.current.Load())
	if err == nil {
		l.accepted++
		l.inARow = 0
		s.counted = &l.current
		return
	}
	l.current.Add(-1)
	if !refusesControls(err) && !errors.Is(err, context.Canceled) {
		if l.first == nil {
			l.first = err
		}
		l.failed++
		l.inARow++
	}
}

// maxFailedInARow is how many handshakes in a row fail before the run ends: each may take the
// whole time-out.
const maxFailedInARow = 3

// hopeless reports whether so many handshakes in a row have failed that the rest will most likely
// fail too.
func (l *later) hopeless() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.inARow >= maxFailedInARow
}

// dial dials and counts the outcome.
func (p *prober) dial(ctx context.Context, o offer) (*session, error) {
	p.current.Add(1)
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
	c.explain(p.diagnoseLater(ctx))
	p.emit(c)
}

// The pauses between the handshakes of diagnoseLater.
const (
	pauseForRate    = 1100 * time.Millisecond // most limits count requests in a second
	pauseForWindow  = 2200 * time.Millisecond // some also look back at the second before
	pauseAfterClose = 50 * time.Millisecond   // for a proxy to notice that a connection has ended
	pauseToHold     = 150 * time.Millisecond  // slower than most limits of requests
)

// diagnoseLater distinguishes a limit on concurrent connections from one on the rate of
// requests. The run must have no open connection.
func (p *prober) diagnoseLater(ctx context.Context) *Diagnosis {
	if refused, is := errors.AsType[*refusal](p.first); is &&
		(errorPage(refused) == "" && refused.body != "" || refused.status != http.StatusServiceUnavailable && refused.status != http.StatusTooManyRequests) {
		return p.diagnoseHandshake(ctx, p.first)
	}
	one := p.openAfter(ctx, pauseForRate)
	if one == nil {
		one = p.openAfter(ctx, pauseForWindow)
	}
	if one == nil {
		return p.diagnoseHandshake(ctx, p.first)
	}
	response := one.wire.response.head()
	proxy := p.proxyBehind(ctx, &response)
	one.release()
	held := []*session{p.openAfter(ctx, pauseAfterClose)}
	defer func() {
		for _, s := range held {
			if s != nil {
				s.release()
			}
		}
	}()
	if held[0] == nil {
		return diagnose("request-rate-limited", proxy, "a handshake right after another one fails, and succeeds a second later")
	}
	for range p.most {
		s := p.openAfter(ctx, pauseToHold)
		if s == nil {
			return diagnose("connections-limited", proxy, "handshakes fail while this client has %d open", len(held))
		}
		held = append(held, s)
	}
	return diagnose("request-rate-limited", proxy, "handshakes in quick succession fail, and slower ones succeed")
}

// openAfter pauses, then opens a connection. It returns nil if the handshake fails.
func (p *prober) openAfter(ctx context.Context, pause time.Duration) *session {
	sleep(ctx, pause)
	s, err := p.Target.dial(ctx, offer{})
	if err != nil {
		return nil
	}
	return s
}
