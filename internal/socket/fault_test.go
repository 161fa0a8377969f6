package socket

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
)

// lockedBuffer is a buffer that is read while others write.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// TestFaultCostsOneConnection: a panic in a method of a handler, or a rule that one breaks, is
// logged and closes its connection. Others go on.
func TestFaultCostsOneConnection(t *testing.T) {
	anything := func(string) bool { return true }
	tests := []struct {
		method string
		cause  func(s *served, h *scripted, c *client) // of the call, after the first byte
	}{
		{"Opened", nil},
		{"Flushed", nil},
		{"NextWake", nil},
		{"Receive", func(*served, *scripted, *client) {}},
		{"EndOfInput", func(_ *served, _ *scripted, c *client) { c.CloseWrite() }},
		{"Closed", func(_ *served, _ *scripted, c *client) { c.CloseWrite() }},
		{"Wake", func(s *served, h *scripted, _ *client) { h.expectLast(s.T, anything); s.Wake() }},
		{"Shed", func(s *served, h *scripted, _ *client) {
			h.expectLast(s.T, anything)
			for deadline := time.Now().Add(patience); s.Shed(1, ShedAtOnce) == 0; {
				if time.Now().After(deadline) {
					s.Fatal("nothing is shed")
				}
			}
		}},
		{"Hijacked", func(s *served, _ *scripted, c *client) { s.expectEnd(c, "") }},
		{"a rule", func(*served, *scripted, *client) {}},
	}
	for _, test := range tests {
		t.Run(test.method, func(t *testing.T) {
			var log lockedBuffer
			change := func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) }
			eachDriverWith(t, change, func(s *served) {
				good := s.dial(&scripted{answer: func(_, got string) (Step, int) { return Step{Write: []byte(got)}, 0 }})
				s.send(good, "before")
				s.expectRead(good, "before")

				h := &scripted{panics: test.method}
				h.answer = func(_, got string) (Step, int) { return Step{}, len(got) } // so that there is something to shed
				if test.method == "a rule" {
					h.answer = func(_, got string) (Step, int) { return Step{}, len(got) + 1 }
				}
				if test.method == "Hijacked" {
					h.answer = func(_, got string) (Step, int) { return Step{Then: Hijack}, len(got) }
				}
				bad := s.dial(h)
				if test.cause != nil {
					s.send(bad, "x")
					test.cause(s, h, bad)
				} else if s.tls {
					bad.Write(nil) // the TLS handshake, which may fail
				}
				calls := h.expectEnd(s.T)
				if last := calls[len(calls)-1]; test.method != "Closed" && test.method != "Hijacked" && last != "closed: "+ErrFault.Error() {
					s.Errorf("the last call is %q", last)
				}
				s.send(good, "after")
				s.expectRead(good, "after")
			})
			t.Cleanup(func() {
				if got := log.String(); !strings.Contains(got, "level=ERROR") || !strings.Contains(got, "stack=") {
					t.Errorf("logged %q", got)
				}
			})
		})
	}
}
