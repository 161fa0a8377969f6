package probe

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// idleSteps are the times for which connections stay silent; the limit of a run comes on top.
var idleSteps = []time.Duration{
	10 * time.Second, 15 * time.Second, 30 * time.Second, 60 * time.Second, 100 * time.Second,
	120 * time.Second, 240 * time.Second, 300 * time.Second, 600 * time.Second,
}

// stepsTo are the steps below a limit, and the limit.
func stepsTo(limit time.Duration) (steps []time.Duration) {
	for _, step := range idleSteps {
		if step < limit {
			steps = append(steps, step)
		}
	}
	return append(steps, limit)
}

// idleMargin is how much longer than its step a connection is silent, so that a timer of
// exactly that time has fired.
const idleMargin = time.Second

// idler is a connection that stays silent.
type idler struct {
	step   time.Duration
	alive  bool          // it echoed after the step
	dead   bool          // it was open then, and did not echo
	cut    time.Duration // when it ended before; 0 is not
	how    string        // it ended, or what else went wrong
	pings  int64         // from the server
	spoken int           // messages that nobody asked for
}

// idleData are the figures of all of them.
type idleData struct {
	CutAfter float64 `json:"cut_after_s,omitempty"` // of the one that was cut first
	Survived float64 `json:"survived_s"`            // of the last that was not
	Whose    string  `json:"default_of,omitempty"`
}

// Idle opens connections at one time that stay silent, each for a step longer, up to limit. It tells
// when they were cut; one that is there at the end of its step has to echo, because some
// proxies forget a connection without a word. progress gets a line each second.
func Idle(ctx context.Context, target *Target, limit time.Duration, emit func(Check), progress func(string)) {
	query, reached := silence(ctx, target, emit)
	if !reached {
		return
	}
	steps := stepsTo(limit)
	results := make(chan idler)
	for _, step := range steps {
		go func() { results <- target.stayIdle(ctx, step, query) }()
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var idlers []idler
	for started := time.Now(); len(idlers) < len(steps); {
		select {
		case i := <-results:
			idlers = append(idlers, i)
			emit(i.check())
		case <-tick.C:
			progress(fmt.Sprintf("idle for %.0f s of %s, %d of %d connections are open", time.Since(started).Seconds(), brief(limit+idleMargin), len(steps)-len(idlers), len(steps)))
		}
	}
	emit(sumUp(idlers, limit))
}

// silence finds out how to have the server be silent too: its pings would keep the connections
// alive. reached is false when there is no connection to be had.
func silence(ctx context.Context, target *Target, emit func(Check)) (query url.Values, reached bool) {
	const name = "server pings"
	s, err := target.dial(ctx, offer{query: controls("ping", "0")})
	if refusesControls(err) {
		refused := err
		if s, err = target.dial(ctx, offer{}); err == nil {
			s.release()
			emit(note(name, "the server refuses controls (%v): if it pings, that is traffic", refused))
			return nil, true
		}
	}
	if err != nil {
		emit(failed(name, "%v", err))
		return nil, false
	}
	defer s.release()
	_, known, err := s.hello(ctx, "before the silence")
	switch {
	case err != nil:
		emit(failed(name, "no echo: %s", ending(err)))
		return nil, false
	case known:
		emit(ok(name, "off, by the control ping=0"))
	default:
		emit(note(name, "the server does not know the control ping=0: if it pings, that is traffic"))
	}
	return url.Values{"ping": {"0"}}, true
}

// stayIdle keeps a connection silent for a step, or until it is cut.
func (t *Target) stayIdle(ctx context.Context, step time.Duration, query url.Values) (i idler) {
	i.step = step
	s, err := t.dial(ctx, offer{query: query})
	if err != nil {
		i.how = err.Error()
		return i
	}
	defer s.release()
	defer func() { i.pings = s.pings.Load() }()
	timer := time.NewTimer(step + idleMargin)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			i.how = "interrupted"
			return i
		case _, open := <-s.messages:
			if !open {
				i.cut, i.how = s.ended.Sub(s.opened), ending(s.err)
				return i
			}
			i.spoken++
			continue
		case <-timer.C:
		}
		break
	}
	sent := fmt.Sprintf("after %v", step)
	m, err := s.echo(ctx, websocket.MessageText, []byte(sent))
	switch {
	case err != nil:
		i.dead, i.how = true, "open, but dead: "+ending(err)
	case string(m.payload) != sent:
		i.dead, i.how = true, fmt.Sprintf("open, but answers with %q", printable(m.payload))
	default:
		i.alive = true
	}
	return i
}

// check is what has become of one connection.
func (i *idler) check() Check {
	name := "idle " + brief(i.step)
	var c Check
	switch {
	case i.alive:
		c = ok(name, "alive")
	case i.cut > 0:
		c = failed(name, "%s after %s", i.how, seconds(i.cut))
	default:
		c = failed(name, "%s", i.how)
	}
	if i.spoken > 0 {
		c.Detail += fmt.Sprintf(", messages that nobody asked for: %d", i.spoken)
	}
	if i.pings > 0 {
		c.Detail += fmt.Sprintf(", pings from the server: %d", i.pings)
	}
	return c
}

// sumUp names the timer.
func sumUp(idlers []idler, limit time.Duration) Check {
	const name = "idle time-out"
	var data idleData
	var first, dead, unknown *idler // the one that was cut first, the shortest that was dead, one that tells nothing
	var traffic bool
	for n := range idlers {
		i := &idlers[n]
		traffic = traffic || i.pings > 0 || i.spoken > 0
		switch {
		case i.alive:
			data.Survived = max(data.Survived, i.step.Seconds())
		case i.cut > 0 && (first == nil || i.cut < first.cut):
			first = i
		case i.dead && (dead == nil || i.step < dead.step):
			dead = i
		case !i.dead && i.cut == 0:
			unknown = i
		}
	}
	var c Check
	switch {
	case first != nil:
		data.CutAfter, data.Whose = first.cut.Round(100*time.Millisecond).Seconds(), whoseDefault(first.cut)
		c = failed(name, "%s: a connection that was idle for so long was %s", seconds(first.cut), first.how)
		if data.Whose != "" {
			c.Detail += "; that is the default of " + data.Whose
		}
	case dead != nil:
		c = failed(name, "more than %s, and at most %s, by when it was %s", seconds(time.Duration(data.Survived*float64(time.Second))), seconds(dead.step+idleMargin), dead.how)
	case unknown != nil:
		c = failed(name, "not known: %s", unknown.how)
	default:
		c = ok(name, "none up to %s", brief(limit))
	}
	if traffic {
		c.Detail += "; but the server was not silent, so that an idle time-out of the path may be shorter"
		if c.Verdict == OK {
			c.Verdict = Note
		}
	}
	c.Data = data
	return c
}

// brief is a round duration without its zeros: 5m, not 5m0s.
func brief(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
