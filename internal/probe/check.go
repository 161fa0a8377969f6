package probe

import (
	"context"
	"fmt"
	"time"
)

// Verdict is what a check has come to.
type Verdict string

// The verdicts. Only Failed counts against a server.
const (
	OK     Verdict = "ok"
	Note   Verdict = "note"   // allowed, and worth knowing
	Failed Verdict = "failed" // not a faithful echo, or against the RFC
)

// Check is one thing that was looked at.
type Check struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	// Detail is what was seen, in a few words; where there is more to say, it follows behind a
	// colon. It may have several lines.
	Detail string `json:"detail"`
	Data   any    `json:"data,omitempty"` // the figures in Detail, for machines
}

// ok, note and failed make checks.
func ok(name, format string, args ...any) Check {
	return Check{Name: name, Verdict: OK, Detail: fmt.Sprintf(format, args...)}
}

func note(name, format string, args ...any) Check {
	return Check{Name: name, Verdict: Note, Detail: fmt.Sprintf(format, args...)}
}

func failed(name, format string, args ...any) Check {
	return Check{Name: name, Verdict: Failed, Detail: fmt.Sprintf(format, args...)}
}

// prober does the checks, one after the other.
type prober struct {
	*Target
	emit func(Check)
	// unasked is how many messages the server sends by itself on a new connection.
	unasked int
}

// Run does every check, and gives each to emit when it is done. When there is no
// connection to be had, the first is the last.
func Run(ctx context.Context, target *Target, emit func(Check)) {
	p := &prober{Target: target, emit: emit}
	if !p.handshake(ctx) {
		return
	}
	for _, check := range []func(context.Context){
		p.greeting, p.fidelity, p.fragments, p.ping, p.subprotocol, p.compression, p.closing, p.serverCloses, p.invalid,
	} {
		if ctx.Err() == nil {
			check(ctx)
		}
	}
	if ctx.Err() != nil {
		emit(failed("end", "interrupted: what follows was not checked"))
	}
}

// open connects and reads what the server says unasked.
func (p *prober) open(ctx context.Context, o offer) (*session, error) {
	s, err := p.dial(ctx, o)
	if err != nil {
		return nil, err
	}
	for range p.unasked {
		if _, err := s.next(ctx); err != nil {
			s.release()
			return nil, fmt.Errorf("the message that it sends unasked did not come: %w", err)
		}
	}
	return s, nil
}

// milliseconds is a duration for people: short, and fine enough for loopback.
func milliseconds(d time.Duration) string {
	switch ms := float64(d) / float64(time.Millisecond); {
	case ms < 10:
		return fmt.Sprintf("%.2f ms", ms)
	case ms < 1000:
		return fmt.Sprintf("%.0f ms", ms)
	default:
		return seconds(d)
	}
}

// seconds is a longer duration for people.
func seconds(d time.Duration) string {
	return fmt.Sprintf("%.1f s", d.Seconds())
}
