package socket

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/budget"
)

// TestHijackedTLSStaysOnTheAccount until the handler closes the connection: what each connection costs,
// what crypto/tls keeps of a long ClientHello, and its buffer for records.
func TestHijackedTLSStaysOnTheAccount(t *testing.T) {
	const cost, hello, record = 50 << 10, 12 << 10, 16 << 10
	eachDriverWith(t, func(c *Config) { c.ConnCost, c.Account = cost, budget.NewAccount(1<<40) }, func(s *served) {
		if !s.tls {
			return
		}
		h := &scripted{answer: func(string, string) (Step, int) { return Step{Then: Hijack}, 0 }}
		client := s.dial(h)
		client.Conn = tls.Client(client.tcp, longHello(tls.VersionTLS13, 100))
		s.send(client, "a")
		h.expectEnd(s.T)
		expect := func(when string, connections, buffers int64) {
			s.Helper()
			if got := s.account.HeldBy(budget.Connections); got != connections {
				s.Errorf("%s, %d bytes are on the account for the connection, want %d", when, got, connections)
			}
			if got := s.account.HeldBy(budget.Buffers); got < buffers || buffers == 0 && got > 0 {
				s.Errorf("%s, %d bytes are on the account for buffers, want %d", when, got, buffers)
			}
		}
		expect("after the request head", cost, keptFactor*hello)
		s.send(client, strings.Repeat("b", 4*record))
		readString(s.T, h.hijacked, 4*record)
		buffers := int64(keptFactor * hello) // the portable driver has the buffer in ConnCost
		if s.driver.Name() == "loop" {
			buffers += record
		}
		expect("after large records", cost, buffers)
		h.hijacked.Close()
		h.hijacked.Close()
		expect("after the end", 0, 0)
	})
}

// TestHijackedConnectionWithoutTLS is on no account of the driver.
func TestHijackedConnectionWithoutTLS(t *testing.T) {
	eachDriverWith(t, func(c *Config) { c.ConnCost, c.Account = 1<<10, budget.NewAccount(1<<40) }, func(s *served) {
		if s.tls {
			return
		}
		h := &scripted{answer: func(string, string) (Step, int) { return Step{Then: Hijack}, 0 }}
		s.send(s.dial(h), "a")
		h.expectEnd(s.T)
		defer h.hijacked.Close()
		if held := s.account.Held(); held != 0 {
			s.Errorf("%d bytes are on the account", held)
		}
	})
}
