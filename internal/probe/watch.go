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

// Event is a change that [Watch] has seen.
type Event struct {
	Time    time.Time `json:"time"`
	Event   string    `json:"event"` // connected, lost, away, unexpected or end
	Detail  string    `json:"detail"`
	Pod     string    `json:"pod,omitempty"`
	AwayMS  float64   `json:"away_ms,omitempty"` // connected: how long it was not
	Code    int       `json:"code,omitempty"`    // lost: the code of the server's close frame
	Failure bool      `json:"failure,omitempty"` // counts against the path
}

// Back-off: before each attempt to connect, a random time of at most the limit, which
// doubles with each. So clients that were sent away together do not come back together.
const (
	firstBackoff = 100 * time.Millisecond
	mostBackoff  = 5 * time.Second
)

// heartbeat is the time between the messages that show that the connection works.
const heartbeat = time.Second

// watcher is what Watch knows.
type watcher struct {
	*Target
	emit  func(Event)
	plain bool // the server refuses controls
	sent  int  // messages, which are numbered

	connected, failures int
	away, longest       time.Duration
}

// Watch stays connected until ctx ends, and gives every change to emit. It reports whether all was well: that
// each connection was ended with a close frame and that the last one was there at the end.
func Watch(ctx context.Context, target *Target, emit func(Event)) bool {
	w := &watcher{Target: target, emit: emit}
	started := time.Now()
	lost := started
	for {
		s, pod := w.connect(ctx, lost)
		if s == nil {
			break
		}
		ended, err := w.stay(ctx, s)
		if ctx.Err() != nil {
			s.conn.Close(websocket.StatusNormalClosure, "the watch ends")
			s.release()
			lost = time.Time{}
			break
		}
		s.release()
		lost = ended
		closed, clean := closeFrame(err)
		w.say(Event{Event: "lost", Pod: pod, Code: int(closed.Code), Failure: !clean, Detail: ending(err) + ", after " + seconds(ended.Sub(s.opened))})
	}
	end := Event{Event: "end", Failure: !lost.IsZero()}
	end.Detail = fmt.Sprintf("watched for %s, connections: %d", seconds(time.Since(started)), w.connected)
	switch {
	case !lost.IsZero():
		end.Detail += ", not connected at the end"
	case w.away == 0:
		end.Detail += ", never away"
	}
	if w.away > 0 {
		end.Detail += fmt.Sprintf(", away for %s, at the longest %s", milliseconds(w.away), milliseconds(w.longest))
	}
	w.say(end)
	return w.failures == 0
}

// say emits an event.
func (w *watcher) say(e Event) {
	e.Time = time.Now()
	if e.Failure {
		w.failures++
	}
	w.emit(e)
}

// connect tries until it has a connection that echoes. It returns nil when ctx ends before.
func (w *watcher) connect(ctx context.Context, lost time.Time) (s *session, pod string) {
	said := ""
	limit := firstBackoff
	for attempts := 1; ; attempts++ {
		if w.connected > 0 || attempts > 1 {
			pause := time.NewTimer(rand.N(limit))
			select {
			case <-pause.C:
			case <-ctx.Done():
				pause.Stop()
				return nil, ""
			}
			limit = min(2*limit, mostBackoff)
		}
		s, g, err := w.dialAndGreet(ctx)
		if ctx.Err() != nil {
			if s != nil {
				s.release()
			}
			return nil, ""
		}
		if err != nil {
			if err.Error() != said { // once for each cause, not for each attempt
				said = err.Error()
				w.say(Event{Event: "away", Detail: said})
			}
			continue
		}
		w.arrived(s, g, s.opened.Sub(lost), attempts)
		return s, g.Pod
	}
}

// arrived tells of a connection.
func (w *watcher) arrived(s *session, g greeting, away time.Duration, attempts int) {
	e := Event{Event: "connected", Pod: g.Pod, Detail: "in " + milliseconds(s.took)}
	if g.Pod != "" {
		e.Detail = fmt.Sprintf("to %v %s", g, e.Detail)
	}
	if w.connected++; w.connected > 1 {
		w.away += away
		w.longest = max(w.longest, away)
		e.AwayMS = inMS(away)
		e.Detail += fmt.Sprintf(", attempt %d; was away for %s", attempts, milliseconds(away))
	}
	w.say(e)
}

// dialAndGreet opens a connection and has a message echoed. An echosvc says who it is before.
func (w *watcher) dialAndGreet(ctx context.Context) (*session, greeting, error) {
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
	g, _, err := s.hello(ctx, w.message())
	if err != nil {
		s.release()
		return nil, greeting{}, fmt.Errorf("a connection that does not echo: %s", ending(err))
	}
	return s, g, nil
}

// message is the next to send.
func (w *watcher) message() string {
	w.sent++
	return fmt.Sprintf("message %d of the probe", w.sent)
}

// stay sends a message with each heartbeat, until there is an end, and says when and how that was. Every
// message is to be echoed within the time-out.
func (w *watcher) stay(ctx context.Context, s *session) (ended time.Time, err error) {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	var awaited string // "" is nothing
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
			case !surprised: // once for each connection
				surprised = true
				w.say(Event{Event: "unexpected", Detail: fmt.Sprintf("a message that is not an echo: %s %q", kindOf(m.kind), printable(m.payload))})
			}
		case <-tick.C:
			switch {
			case awaited == "":
				awaited, since = w.message(), time.Now()
				sendErr = s.send(ctx, websocket.MessageText, []byte(awaited)) // how it ended shows in the read
			case time.Since(since) >= w.Timeout:
				return time.Now(), fmt.Errorf("no echo within %v", w.Timeout)
			}
		}
	}
}
