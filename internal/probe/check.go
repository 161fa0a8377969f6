package probe

import (
	"context"
	"fmt"
	"time"
)

// A Verdict is the outcome of a check.
type Verdict string

// The verdicts. Only Failed counts against a server.
const (
	OK     Verdict = "ok"
	Note   Verdict = "note"   // allowed by the RFC, but worth knowing
	Failed Verdict = "failed" // not a faithful echo, or a violation of the RFC
)

// A Check is the result of one test.
type Check struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	// Detail says what happened, in a few words and, after a colon, the particulars. It may
	// have several lines.
	Detail string `json:"detail"`
	Data   any    `json:"data,omitempty"` // the figures in Detail
	// SameAs is the name of an earlier check that failed with the same Detail. The [Report] sets it.
	SameAs    string       `json:"same_as,omitempty"`
	Diagnoses []*Diagnosis `json:"diagnoses,omitempty"`
}

// explain adds a diagnosis, unless it is nil.
func (c *Check) explain(d *Diagnosis) {
	if d != nil {
		c.Diagnoses = append(c.Diagnoses, d)
	}
}

// ok returns a Check with the verdict OK.
func ok(name, format string, args ...any) Check {
	return Check{Name: name, Verdict: OK, Detail: fmt.Sprintf(format, args...)}
}

// note returns a Check with the verdict Note.
func note(name, format string, args ...any) Check {
	return Check{Name: name, Verdict: Note, Detail: fmt.Sprintf(format, args...)}
}

// failed returns a Check with the verdict Failed.
func failed(name, format string, args ...any) Check {
	return Check{Name: name, Verdict: Failed, Detail: fmt.Sprintf(format, args...)}
}

// A prober runs the checks one after another.
type prober struct {
	*Target
	later
	emit func(Check)
	// unsolicited is how many messages the server sends on a new connection without being asked.
	unsolicited int
}

// Run runs every check and passes each result to emit. If no connection can be opened, the
// handshake check is the only one. progress, which must not be nil, receives
// the name of each check as it begins.
func Run(ctx context.Context, target *Target, emit func(Check), progress func(string)) {
	p := &prober{Target: target, emit: emit}
	progress("handshake")
	if !p.handshake(ctx) {
		return
	}
	one := func(check func(context.Context) Check) func(context.Context) {
		return func(ctx context.Context) { p.emit(check(ctx)) }
	}
	for _, check := range []struct {
		name string
		run  func(context.Context)
	}{
		{"greeting", one(p.greeting)}, {"arrival", one(p.arrival)}, {"messages", p.fidelity}, {"fragments", one(p.fragments)}, {"ping", one(p.ping)},
		{"subprotocol", one(p.subprotocol)}, {"compression", p.compression}, {"close", p.closing}, {"close from the server", one(p.serverCloses)},
		{"breaches", p.invalid},
	} {
		if ctx.Err() == nil && !p.hopeless() {
			progress(check.name)
			check.run(ctx)
		}
	}
	p.laterHandshakes(ctx)
	switch {
	case ctx.Err() != nil:
		emit(failed("end", "interrupted: the remaining checks did not run"))
	case p.hopeless():
		emit(failed("end", "%d handshakes in a row failed: the remaining checks did not run", maxFailedInARow))
	}
}

// open dials and reads the messages that the server sends unasked.
func (p *prober) open(ctx context.Context, o offer) (*session, error) {
	s, err := p.dial(ctx, o)
	if err != nil {
		return nil, err
	}
	for range p.unsolicited {
		if _, err := s.next(ctx); err != nil {
			s.release()
			return nil, fmt.Errorf("the server's unsolicited message did not arrive: %w", err)
		}
	}
	return s, nil
}

// milliseconds formats a duration for people, with enough digits for loopback.
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

// seconds formats a longer duration for people.
func seconds(d time.Duration) string {
	return fmt.Sprintf("%.1f s", d.Seconds())
}
