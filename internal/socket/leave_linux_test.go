package socket

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
)

// leaving returns a client that has read nothing of what it was sent. The server has shut down its
// sending side, and has then closed the connection. held are further bytes on the account at that
// time.
func (s *served) leaving(what []byte, held int64) *client {
	s.Helper()
	h := &scripted{flushed: true, answer: func(call, _ string) (Step, int) {
		if call == "wake" {
			return Step{Then: Close}, 0
		}
		return Step{Write: what, Then: ShutDown}, 0
	}}
	client := s.dial(h)
	s.send(client, "a")
	h.expect(s.T, "flushed", "receive a", "flushed")
	s.account.Add(budget.Base, held)
	s.Wake()
	h.expect(s.T, "flushed", "receive a", "flushed", "wake", "flushed", "closed")
	return client
}

// TestWhatIsLeftIsDelivered: the bytes on their way when a connection is closed are on the
// account, and the peer receives them.
func TestWhatIsLeftIsDelivered(t *testing.T) {
	what := bytes.Repeat([]byte("x"), 400<<10)
	account := func(c *Config) { c.Account, c.LeaveTimeout = budget.NewAccount(1<<40), time.Minute }
	eachDriverWith(t, account, func(s *served) {
		client := s.leaving(what, 0)
		if n := s.account.HeldBy(budget.Kernel); n < 64<<10 {
			s.Errorf("%d bytes are on the account", n)
		}
		if got, err := io.ReadAll(client); len(got) != len(what) || err != nil {
			s.Errorf("read %d bytes, %v", len(got), err)
		}
	})
}

// TestWhatIsLeftIsGivenUp when the peer takes none of it for LeaveTimeout, or at once if memory
// is short.
func TestWhatIsLeftIsGivenUp(t *testing.T) {
	what := make([]byte, 400<<10)
	for name, test := range map[string]struct {
		timeout time.Duration
		held    int64 // of 100 MiB
	}{
		"the peer does not read": {time.Millisecond, 1 << 20},
		"memory is short":        {time.Minute, 70 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			eachDriverWith(t, func(c *Config) { c.Account, c.LeaveTimeout = budget.NewAccount(100<<20), test.timeout }, func(s *served) {
				client := s.leaving(what, test.held)
				for deadline := time.Now().Add(patience); s.account.Held() != test.held || systemHas(s.T, client.RemoteAddr(), client.LocalAddr()); time.Sleep(time.Millisecond) {
					if time.Now().After(deadline) {
						s.Fatalf("%d bytes are on the account", s.account.Held())
					}
				}
			})
		})
	}
}

// systemHas reports whether the system has a socket with these addresses of IPv4.
func systemHas(t *testing.T, local, remote net.Addr) bool {
	t.Helper()
	sockets, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	port := func(a net.Addr) int { return a.(*net.TCPAddr).Port }
	return strings.Contains(string(sockets), fmt.Sprintf(" 0100007F:%04X 0100007F:%04X ", port(local), port(remote)))
}
