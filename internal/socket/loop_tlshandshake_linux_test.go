package socket

import (
	"crypto/tls"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/wstest"
)

// runLoopOverTLS runs a test with the loop driver over TLS, without session tickets.
func runLoopOverTLS(t *testing.T, test func(s *served)) {
	run(t, "loop over TLS", newDriver["loop"], func(c *Config) {
		c.TLS = newTLSConfig(t)
		c.TLS.SessionTicketsDisabled = true
		c.Account = budget.NewAccount(1 << 40)
	}, test)
}

// TestRecordsAfterTheHandshakeAreOnTheAccount: a part of a record that arrived with the last
// message of the handshake.
func TestRecordsAfterTheHandshakeAreOnTheAccount(t *testing.T) {
	runLoopOverTLS(t, func(s *served) {
		raw := s.dial(&scripted{answer: echo}).tcp
		late := &lateConn{Conn: raw}
		client := tls.Client(late, &tls.Config{InsecureSkipVerify: true})
		if err := client.Handshake(); err != nil {
			s.Fatal(err)
		}
		io.WriteString(client, "hello")
		s.send(raw, string(late.late)+"\x17\x03\x03")
		s.expectRead(client, "hello")
		wstest.Eventually(s.T, "the part of a record is on the account", func() bool { return s.account.HeldBy(budget.Buffers) > 0 })
	})
}

// TestTLSHandshakeIsShedForItsRecords once it has stalled for a second, and not before.
func TestTLSHandshakeIsShedForItsRecords(t *testing.T) {
	runLoopOverTLS(t, func(s *served) {
		s.stopClock()
		h := &scripted{answer: func(string, string) (Step, int) { return Step{Then: Close}, 0 }}
		s.send(s.dial(h).tcp, clientHello(tls.VersionTLS13)[:100])
		wstest.Eventually(s.T, "the records are on the account", func() bool { return s.account.HeldBy(budget.Buffers) > 0 })
		s.stopped.Add(int64(shedStall) - 1)
		if n := s.Shed(1<<40, ShedStalled); n != 0 {
			s.Errorf("%d are shed before they have stalled", n)
		}
		s.stopped.Add(1)
		if n := s.Shed(1<<40, ShedStalled); n != 1 {
			s.Errorf("%d are shed, want 1", n)
		}
		h.expect(s.T, "shed", "closed: "+errTLSHandshake.Error())
	})
}

// TestLongHandshakesWaitForEachOther, and not with the others.
func TestLongHandshakesWaitForEachOther(t *testing.T) {
	eachDriverOverTLS(t, func(s *served) {
		var turns turns
		switch d := s.driver.(type) {
		case *Loop:
			turns = d.turns.long
		case *Portable:
			turns = d.securing.long
		}
		for range cap(turns) {
			turns.take()
		}
		long := &scripted{}
		waiting := s.dial(long).tcp
		s.send(waiting, helloOf(longHello(tls.VersionTLS13, 100)))
		s.expectRead(s.dial(&scripted{opened: Step{Write: []byte("hi")}}), "hi")
		waiting.SetReadDeadline(time.Unix(1, 0))
		if n, err := waiting.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			s.Errorf("%d bytes (%v) before the turn", n, err)
		}
		waiting.SetReadDeadline(time.Time{})
		turns.giveBack()
		readString(s.T, waiting, 100) // the server's first flight
	})
}
