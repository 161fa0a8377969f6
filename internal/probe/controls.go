package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/coder/websocket"
)

// An echosvc takes controls in the query of the URL: greet=1 has it say who it is, ping=0
// has it send no pings, and so on. Other servers pass over them.

// greeting is the first message of an echosvc that was asked for one.
type greeting struct {
	Pod     string `json:"pod"`
	Node    string `json:"node"`
	Version string `json:"version"`
	Request string `json:"request"`
}

// asGreeting reads a message as a greeting.
func asGreeting(m message) (g greeting, is bool) {
	is = m.kind == websocket.MessageText && json.Unmarshal(m.payload, &g) == nil && g.Pod != "" && g.Request != ""
	return g, is
}

// String is where it has landed.
func (g greeting) String() string {
	if g.Node == "" {
		return g.Pod
	}
	return g.Pod + " on " + g.Node
}

// controls makes the query of controls, greet=1 among them.
func controls(pairs ...string) url.Values {
	query := url.Values{"greet": {"1"}}
	for i := 0; i < len(pairs); i += 2 {
		query.Set(pairs[i], pairs[i+1])
	}
	return query
}

// refusesControls says whether the answer to a handshake with controls was that they are not taken.
func refusesControls(err error) bool {
	var r *refusal
	return errors.As(err, &r) && r.status == http.StatusBadRequest
}

// hello sends a message and reads as far as its echo. A greeting before it says that the
// server knows the controls.
func (s *session) hello(ctx context.Context, text string) (g greeting, known bool, err error) {
	if err := s.send(ctx, websocket.MessageText, []byte(text)); err != nil {
		return g, false, err
	}
	const most = 4 // messages: a greeting, and what other servers say unasked
	for range most {
		m, err := s.next(ctx)
		if err != nil {
			return g, known, err
		}
		if m.kind == websocket.MessageText && string(m.payload) == text {
			return g, known, nil
		}
		if found, is := asGreeting(m); is {
			g, known = found, true
		}
	}
	return g, known, fmt.Errorf("no echo of %q among the first %d messages", text, most)
}
