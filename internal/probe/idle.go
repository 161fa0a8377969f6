package probe

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// idleSteps are the idle times to test. The limit of a run is added to them.
var idleSteps = []time.Duration{
	10 * time.Second, 15 * time.Second, 30 * time.Second, 60 * time.Second, 100 * time.Second,
	120 * time.Second, 240 * time.Second, 300 * time.Second, 600 * time.Second,
}

// stepsTo returns the steps below a limit, and the limit.
func stepsTo(limit time.Duration) (steps []time.Duration) {
	for _, step := range idleSteps {
		if step < limit {
			steps = append(steps, step)
		}
	}
	return append(steps, limit)
}

// idleMargin is added to the idle time of each step, so that a timer of exactly that time
// fires.
const idleMargin = time.Second

// An idleConn is the result of a connection that was left idle.
type idleConn struct {
	step        time.Duration
	alive       bool          // it echoed after its idle time
	dead        bool          // it was still open then, but did not echo
	closedAfter time.Duration // when it ended, if before its idle time; else 0
	away        bool          // it ended because the server went away
	before      int           // how many connections before it ended because the server went away
	how         string        // how it ended, or what went wrong
	pings       int64         // from the server
	messages    int           // unsolicited
}

// idleData is the summary of all connections.
type idleData struct {
	CutAfter  float64 `json:"cut_after_s,omitempty"` // of the connection that was cut first
	Survived  float64 `json:"survived_s"`            // of the longest that was not
	DefaultOf string  `json:"default_of,omitempty"`
}

// Idle opens several connections at once and leaves each idle for a different time, up to
// limit, to find when idle connections are cut. A connection that is still open after its idle
// time must echo, because some proxies forget a connection without closing it. A connection
// that ends because the server goes away, as in a rollout, is tried again. progress, which
// must not be nil, receives a line each second.
func Idle(ctx context.Context, target *Target, limit time.Duration, emit func(Check), progress func(string)) {
	query, reached := disablePings(ctx, target, emit)
	if !reached {
		return
	}
	steps := stepsTo(limit)
	results := make(chan idleConn)
	for _, step := range steps {
		go func() { results <- target.holdIdleAgain(ctx, step, query) }()
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var conns []idleConn
	for started := time.Now(); len(conns) < len(steps); {
		select {
		case i := <-results:
			conns = append(conns, i)
			emit(i.check())
		case <-tick.C:
			progress(fmt.Sprintf("idle for %.0f s of %s, %d of %d connections open", time.Since(started).Seconds(), brief(limit+idleMargin), len(steps)-len(conns), len(steps)))
		}
	}
	c := summarize(conns, limit)
	if cut := c.Data.(idleData).CutAfter; cut > 0 {
		c.explain(diagnose("idle-timeout", target.provoke(ctx), "the path ends connections that are idle for %.1f s", cut))
	}
	emit(c)
}

// disablePings finds out how to disable the server's pings, which would keep connections
// alive. reached is false if no connection can be opened.
func disablePings(ctx context.Context, target *Target, emit func(Check)) (query url.Values, reached bool) {
	const name = "server pings"
	s, err := target.dial(ctx, offer{query: controls("ping", "0")})
	if refusesControls(err) {
		refused := err
		if s, err = target.dial(ctx, offer{}); err == nil {
			s.release()
			emit(note(name, "the server refuses controls (%v): any pings it sends count as traffic", refused))
			return nil, true
		}
	}
	if err != nil {
		c := failed(name, "%v", err)
		c.explain(target.diagnoseHandshake(ctx, err))
		emit(c)
		return nil, false
	}
	defer s.release()
	_, known, err := s.firstEcho(ctx, "before the idle time")
	switch {
	case err != nil:
		emit(failed(name, "no echo: %s", describeEnd(err)))
		return nil, false
	case known:
		emit(ok(name, "off, through the control ping=0"))
	default:
		emit(note(name, "the server does not know the control ping=0: any pings it sends count as traffic"))
	}
	return url.Values{"ping": {"0"}}, true
}

// maxIdleTries is how many connections are left idle for one step, if the server goes away.
const maxIdleTries = 3

// holdIdleAgain is holdIdle, and tries again after a close frame of a server that goes away.
// Two in a row at the same age show an idle time-out.
func (t *Target) holdIdleAgain(ctx context.Context, step time.Duration, query url.Values) idleConn {
	i := t.holdIdle(ctx, step, query)
	for i.away && i.before < maxIdleTries-1 {
		if !sleep(ctx, idleRetry) {
			return idleConn{step: step, how: "interrupted"}
		}
		last := i
		i = t.holdIdle(ctx, step, query)
		i.before = last.before + 1
		if sameAge(last.closedAfter, i.closedAfter) {
			i.away = false
		}
	}
	return i
}

// holdIdle leaves a connection idle for a step, or until it ends.
func (t *Target) holdIdle(ctx context.Context, step time.Duration, query url.Values) (i idleConn) {
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
				i.closedAfter, i.how = s.ended.Sub(s.opened), describeEnd(s.err)
				closed, _ := closeFrame(s.err)
				i.away = closed.Code == websocket.StatusGoingAway || closed.Code == websocket.StatusServiceRestart
				return i
			}
			i.messages++
			continue
		case <-timer.C:
		}
		break
	}
	sent := fmt.Sprintf("after %v", step)
	m, err := s.echo(ctx, websocket.MessageText, []byte(sent))
	switch {
	case err != nil:
		i.dead, i.how = true, "open but dead: "+describeEnd(err)
	case string(m.payload) != sent:
		i.dead, i.how = true, fmt.Sprintf("open but answers with %q", printable(m.payload))
	default:
		i.alive = true
	}
	return i
}

// check returns the result for one connection.
func (i *idleConn) check() Check {
	name := "idle " + brief(i.step)
	var c Check
	switch {
	case i.alive:
		c = ok(name, "alive")
		if i.before > 0 {
			c.Detail += fmt.Sprintf(", after the server went away: %d", i.before)
		}
	case i.away:
		c = note(name, "%s after %s: the server went away", i.how, seconds(i.closedAfter))
	case i.closedAfter > 0:
		c = failed(name, "%s after %s", i.how, seconds(i.closedAfter))
	default:
		c = failed(name, "%s", i.how)
	}
	if i.messages > 0 {
		c.Detail += fmt.Sprintf(", unsolicited messages: %d", i.messages)
	}
	if i.pings > 0 {
		c.Detail += fmt.Sprintf(", pings from the server: %d", i.pings)
	}
	return c
}

// summarize returns the result for all connections: the idle time-out, and whose default it is.
func summarize(conns []idleConn, limit time.Duration) Check {
	const name = "idle time-out"
	var data idleData
	var first, dead, unknown, away *idleConn // the first to be cut, the first that was dead, one without a result, one whose server went away
	var traffic bool
	for n := range conns {
		i := &conns[n]
		traffic = traffic || i.pings > 0 || i.messages > 0
		switch {
		case i.alive:
			data.Survived = max(data.Survived, i.step.Seconds())
		case i.away:
			away = i
		case i.closedAfter > 0 && (first == nil || i.closedAfter < first.closedAfter):
			first = i
		case i.dead && (dead == nil || i.step < dead.step):
			dead = i
		case !i.dead && i.closedAfter == 0:
			unknown = i
		}
	}
	var c Check
	switch {
	case first != nil:
		data.CutAfter, data.DefaultOf = first.closedAfter.Round(100*time.Millisecond).Seconds(), describeTimers(timersAt(first.closedAfter))
		c = failed(name, "%s: a connection idle for this long was %s", seconds(first.closedAfter), first.how)
		if data.DefaultOf != "" {
			c.Detail += "; this is the default of " + data.DefaultOf
		}
	case dead != nil:
		c = failed(name, "more than %s and at most %s: the connection was %s", seconds(time.Duration(data.Survived*float64(time.Second))), seconds(dead.step+idleMargin), dead.how)
	case unknown != nil:
		c = failed(name, "unknown: %s", unknown.how)
	case away != nil:
		c = note(name, "unknown for %s: the server went away %d times", brief(away.step), away.before+1)
	default:
		c = ok(name, "none up to %s", brief(limit))
	}
	if traffic {
		c.Detail += "; but the server sent data, so the path's idle time-out may be shorter"
		if c.Verdict == OK {
			c.Verdict = Note
		}
	}
	c.Data = data
	return c
}

// brief formats a round duration without trailing zeros: 5m, not 5m0s.
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
