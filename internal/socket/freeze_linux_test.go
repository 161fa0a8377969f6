package socket

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/echosvc/echosvc/internal/budget"
)

// TestFreezeEndsWithThePressure: the receive buffer of a peer that reads is limited while memory
// is short, and no longer.
func TestFreezeEndsWithThePressure(t *testing.T) {
	const answer = 32 << 10
	eachDriverWith(t, func(c *Config) { c.Account = budget.NewAccount(1 << 40) }, func(s *served) {
		h := &scripted{answer: func(call, got string) (Step, int) { return Step{Write: make([]byte, answer*len(got))}, 0 }}
		client := s.dial(h)
		echo := func() {
			for range 2 * shownBytes / answer {
				s.send(client, "a")
				readString(s.T, client, answer)
			}
		}
		expect := func(want bool) {
			s.Helper()
			if got := frozen(s.driver); got != want {
				s.Errorf("with %d bytes on the account, the peer is limited: %v", s.account.Held(), got)
			}
		}
		echo()
		expect(false)
		const held = 700 << 30 // of a terabyte
		s.account.Add(budget.Base, held)
		echo()
		expect(true)
		s.account.Add(budget.Base, -held)
		echo()
		expect(false)
	})
}

// frozen reports whether the receive buffer of the only connection is limited.
func frozen(d driver) (limited bool) {
	look := func(fd int) {
		const receive = 2 // SOCK_RCVBUF_LOCK
		locks, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BUF_LOCK)
		limited = locks&receive != 0
	}
	switch d := d.(type) {
	case *Portable:
		d.each(func(c *portableConn) { control(c.nc, look) })
	case *Loop:
		d.each(func(l *loop) {
			for _, c := range l.conns {
				if c != nil {
					look(int(c.fd))
				}
			}
		})
	}
	return limited
}
