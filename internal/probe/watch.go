package probe

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/coder/websocket"
)

// An Event is a change seen by [Watch].
type Event struct {
	Time    time.Time `json:"time"`
	Event   string    `json:"event"` // connected, lost, away, unexpected or end
	Detail  string    `json:"detail"`
	Pod     string    `json:"pod,omitempty"`
	AwayMS  float64   `json:"away_ms,omitempty"` // connected: how long there was no connection
	Code    int       `json:"code,omitempty"`    // lost: the code of the server's close frame
	Failure bool      `json:"failure,omitempty"` // the path or the server failed
}

// Before each attempt to connect, Watch waits a random time up to a limit that doubles with
// each attempt, so that clients of the same server do not all reconnect at once.
const (
	minBackoff = 100 * time.Millisecond
	maxBackoff = 5 * time.Second
)

// heartbeat is the time between messages, which show that the connection still works.
const heartbeat = time.Second

// A watcher is the state of Watch.
type watcher struct {
	*Target
	emit func(Event)
	// echoed is called with the time of each echo, and failed after each failed attempt to
	// connect.
	echoed func(time.Duration)
	failed func()

	plain bool // the server refuses controls
	sent  int  // messages so far; each has its number in it

	connected, failures int
	away, longest       time.Duration
}

// Watch stays connected until ctx ends, and passes every change to emit. It reports whether the
// path was healthy: every lost connection ended with a close frame, and there was a connection
// at the end.
func Watch(ctx context.Context, target *Target, emit func(Event)) bool {
	w := &watcher{Target: target, emit: emit, echoed: func(time.Duration) {}, failed: func() {}}
	return w.run(ctx)
}

// run is Watch.
func (w *watcher) run(ctx context.Context) bool {
	started := time.Now()
	lost := started
	for {
		s, pod := w.connect(ctx, lost)
		if s == nil {
			break
		}
		ended, err := w.monitor(ctx, s)
		if ctx.Err() != nil {
			s.conn.Close(websocket.StatusNormalClosure, "the watch is over")
			s.release()
			lost = time.Time{}
			break
		}
		s.release()
		lost = ended
		closed, clean := closeFrame(err)
		w.report(Event{Event: "lost", Pod: pod, Code: int(closed.Code), Failure: !clean, Detail: describeEnd(err) + ", after " + seconds(ended.Sub(s.opened))})
	}
	end := Event{Event: "end", Failure: !lost.IsZero()}
	end.Detail = fmt.Sprintf("watched for %s, connections: %d", seconds(time.Since(started)), w.connected)
	switch {
	case !lost.IsZero():
		end.Detail += ", not connected at the end"
	case w.away == 0:
		end.Detail += ", never disconnected"
	}
	if w.away > 0 {
		end.Detail += fmt.Sprintf(", disconnected for %s in total, %s at most", milliseconds(w.away), milliseconds(w.longest))
	}
	w.report(end)
	return w.failures == 0
}

// report emits an event.
func (w *watcher) report(e Event) {
	e.Time = time.Now()
	if e.Failure {
		w.failures++
	}
	w.emit(e)
}

// connect dials until a connection echoes. It returns nil if ctx ends first.
func (w *watcher) connect(ctx context.Context, lost time.Time) (s *session, pod string) {
	reported := ""
	limit := minBackoff
	for attempts := 1; ; attempts++ {
		if w.connected > 0 || attempts > 1 {
			if !sleep(ctx, rand.N(limit)) {
				return nil, ""
			}
			limit = min(2*limit, maxBackoff)
		}
		s, g, err := w.dialAndEcho(ctx)
		if ctx.Err() != nil {
			if s != nil {
				s.release()
			}
			return nil, ""
		}
		if err != nil {
			w.failed()
			if err.Error() != reported { // once for each cause, not for each attempt
				reported = err.Error()
				w.report(Event{Event: "away", Detail: reported})
			}
			continue
		}
		w.reportConnected(s, g, s.opened.Sub(lost), attempts)
		return s, g.Pod
	}
}

// reportConnected emits the event for a new connection.
func (w *watcher) reportConnected(s *session, g greeting, away time.Duration, attempts int) {
	e := Event{Event: "connected", Pod: g.Pod, Detail: "in " + milliseconds(s.took)}
	if g.Pod != "" {
		e.Detail = fmt.Sprintf("to %v %s", g, e.Detail)
	}
	if w.connected++; w.connected > 1 {
		w.away += away
		w.longest = max(w.longest, away)
		e.AwayMS = inMS(away)
		e.Detail += fmt.Sprintf(", attempt %d, after %s without a connection", attempts, milliseconds(away))
	}
	w.report(e)
}

// dialAndEcho opens a connection and waits for its first echo. An echosvc sends a greeting
// before.
func (w *watcher) dialAndEcho(ctx context.Context) (*session, greeting, error) {
	var o offer
	if !w.plain {
		o.query = controls()
	}
	s, err := w.dial(ctx, o)
	if refusesControls(err) && !w.plain {
		w.plain = true
		s, err = w.dial(ctx, offer{})
	}
	if err != nil {
		return nil, greeting{}, err
	}
	g, _, err := s.firstEcho(ctx, w.message())
	if err != nil {
		s.release()
		return nil, greeting{}, fmt.Errorf("connected, but no echo: %s", describeEnd(err))
	}
	return s, g, nil
}

// message returns the next message to send.
func (w *watcher) message() string {
	w.sent++
	return fmt.Sprintf("message %d of the probe", w.sent)
}

// monitor sends a message at each heartbeat until the connection ends, and returns when and how
// it ended. Every echo must arrive within the time-out.
func (w *watcher) monitor(ctx context.Context, s *session) (ended time.Time, err error) {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	var awaited string // the echo that is due; "" if none
	var since time.Time
	var sendErr error
	surprised := false
	for {
		select {
		case <-ctx.Done():
			return time.Now(), ctx.Err()
		case m, open := <-s.messages:
			switch {
			case !open && errors.Is(s.err, net.ErrClosed) && sendErr != nil:
				return s.ended, sendErr
			case !open:
				return s.ended, s.err
			case string(m.payload) == awaited && m.kind == websocket.MessageText:
				awaited = ""
				w.echoed(time.Since(since))
			case !surprised: // once per connection
				surprised = true
				w.report(Event{Event: "unexpected", Detail: fmt.Sprintf("not an echo: %s %q", typeName(m.kind), printable(m.payload))})
			}
		case <-tick.C:
			switch {
			case awaited == "":
				awaited, since = w.message(), time.Now()
				sendErr = s.send(ctx, websocket.MessageText, []byte(awaited)) // if the connection has ended, the read says how
			case time.Since(since) >= w.Timeout:
				return time.Now(), fmt.Errorf("no echo within %v", w.Timeout)
			}
		}
	}
}
