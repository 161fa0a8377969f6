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

// echosvc accepts controls in the query of the URL: greet=1 requests a greeting, ping=0
// disables its pings, and so on. Other servers ignore them.

// A greeting is the first message of an echosvc with greet=1.
type greeting struct {
	Pod     string  `json:"pod"`
	Node    string  `json:"node"`
	Version string  `json:"version"`
	Request string  `json:"request"`
	Headers []Field `json:"headers"`
}

// parseGreeting parses a message as a greeting.
func parseGreeting(m message) (g greeting, ok bool) {
	ok = m.kind == websocket.MessageText && json.Unmarshal(m.payload, &g) == nil && g.Pod != "" && g.Request != ""
	return g, ok
}

// String returns the pod and, if known, its node.
func (g greeting) String() string {
	if g.Node == "" {
		return g.Pod
	}
	return g.Pod + " on " + g.Node
}

// controls returns a query with greet=1 and the given pairs of name and value.
func controls(pairs ...string) url.Values {
	query := url.Values{"greet": {"1"}}
	for i := 0; i < len(pairs); i += 2 {
		query.Set(pairs[i], pairs[i+1])
	}
	return query
}

// refusesControls reports whether err is a server's refusal of a handshake with controls.
func refusesControls(err error) bool {
	r, is := errors.AsType[*refusal](err)
	return is && r.status == http.StatusBadRequest
}

// firstEcho sends a message and reads up to its echo. A greeting before it shows that the
// server knows the controls.
func (s *session) firstEcho(ctx context.Context, text string) (g greeting, known bool, err error) {
	if err := s.send(ctx, websocket.MessageText, []byte(text)); err != nil {
		return g, false, err
	}
	const limit = 4 // messages: a greeting, or what other servers send unasked
	for range limit {
		m, err := s.next(ctx)
		if err != nil {
			return g, known, err
		}
		if m.kind == websocket.MessageText && string(m.payload) == text {
			return g, known, nil
		}
		if found, ok := parseGreeting(m); ok {
			g, known = found, true
		}
	}
	return g, known, fmt.Errorf("no echo of %q among the first %d messages", text, limit)
}
