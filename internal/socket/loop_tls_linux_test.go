package socket

import (
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/budget"
)

// loopOverTLS runs a test with the loop driver over TLS, without session tickets, and with an
// account that has a limit.
func loopOverTLS(t *testing.T, test func(s *served)) {
	run(t, "loop over TLS", newDriver["loop"], func(c *Config) {
		c.TLS, c.Account = newTLSConfig(t), budget.NewAccount(1<<40)
		c.TLS.SessionTicketsDisabled = true
	}, test)
}

// TestShedChoosesAnIdleConnectionForItsRecords: crypto/tls keeps a buffer for the largest record.
// It is only chosen if others do not suffice.
func TestShedChoosesAnIdleConnectionForItsRecords(t *testing.T) {
	loopOverTLS(t, func(s *served) {
		s.stopClock()
		h := shedding()
		c := s.records(h)
		c.send(c.record(dataRecord, strings.Repeat("a", 16<<10)))
		c.expect(dataRecord, "taken")
		if held := s.account.HeldBy(budget.Buffers); held < 16<<10 {
			t.Errorf("%d bytes are on the account", held)
		}
		s.stopped.Add(int64(longStall))
		if n := s.Shed(1, ShedLongStalled); n != 0 {
			t.Errorf("%d idle connections are shed to make room", n)
		}
		s.shedUntil(h, ShedStalled)
		h.expectEnd(s.T)
	})
}
