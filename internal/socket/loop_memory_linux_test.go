package socket

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/wstest"
)

// TestKernelBytesOfAnIdleConnectionAreOnTheAccount, although no event reports them: as with data that
// arrives out of order. Here the system waits for more (SO_RCVLOWAT).
func TestKernelBytesOfAnIdleConnectionAreOnTheAccount(t *testing.T) {
	run(t, "loop", newDriver["loop"], func(c *Config) { c.Account = budget.NewAccount(1 << 40) }, func(s *served) {
		h := &scripted{}
		client := s.dial(h)
		s.send(client, "a")
		h.expect(s.T, "receive a")
		s.driver.(*Loop).each(func(l *loop) {
			for fd, c := range l.conns {
				if c != nil {
					unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVLOWAT, 1<<20)
				}
			}
		})
		const size = 32 << 10
		s.send(client, string(make([]byte, size)))
		wstest.Eventually(s.T, "it is on the account", func() bool {
			s.Measure()
			return s.account.HeldBy(budget.Kernel) >= size
		})
		h.expect(s.T, "receive a")
	})
}
