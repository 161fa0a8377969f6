package socket

import (
	"bytes"
	"crypto/tls"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
)

// unread is more bytes than the sockets of both sides take from a peer that does not read.
const unread = 6 << 20

// shedUntil sheds until a connection is chosen. It must have stalled for a moment before, so a
// clock that is stopped moves on.
func (s *served) shedUntil(h *scripted, urgency Urgency) {
	s.Helper()
	for deadline := time.Now().Add(patience); s.Shed(1<<40, urgency) == 0; time.Sleep(time.Millisecond) {
		if s.stopped.Load() != 0 {
			s.stopped.Add(int64(shedStall))
		}
		if time.Now().After(deadline) {
			s.Fatalf("nothing is shed; the calls are %q", h.recorded())
		}
	}
}

// TestShedEndsAConnectionThatKeepsInput: it writes a last time, what was kept is gone, and what
// arrives later is received without it.
func TestShedEndsAConnectionThatKeepsInput(t *testing.T) {
	eachDriverWith(t, func(c *Config) { c.Account = budget.NewAccount(1 << 30) }, func(s *served) {
		h := &scripted{last: []byte(" end"), answer: func(call, got string) (Step, int) {
			if call == "shed" {
				return Step{Write: []byte("no memory"), Then: ShutDown}, 0
			}
			return Step{}, len(got)
		}}
		client := s.dial(h)
		s.send(client, "kept")
		h.expect(s.T, "receive kept")
		s.shedUntil(h, ShedStalled)
		s.expectRead(client, "no memory")
		s.send(client, "later")
		h.expect(s.T, "receive kept", "shed", "receive later")
	})
}

// TestShedChoosesAPeerThatTrickles: bytes that complete no frame are no progress.
func TestShedChoosesAPeerThatTrickles(t *testing.T) {
	eachDriverWith(t, func(c *Config) { c.Account = budget.NewAccount(1 << 40) }, func(s *served) {
		h := &scripted{answer: func(call, got string) (Step, int) {
			if call == "shed" {
				return Step{Then: Close}, 0
			}
			return Step{}, len(got)
		}}
		client := s.dial(h)
		began := time.Now()
		for s.Shed(1<<40, ShedStalled) == 0 {
			s.send(client, "a")
			if time.Sleep(10 * time.Millisecond); time.Since(began) > patience {
				s.Fatal("it is not chosen")
			}
		}
		h.expectEnd(s.T)
	})
}

// TestShedChoosesAPeerThatStopsReading although it has shown that it reads, and its frames are
// answered as long as its socket has room.
func TestShedChoosesAPeerThatStopsReading(t *testing.T) {
	const answer = 4 << 10
	eachDriverWith(t, func(c *Config) { c.Account = budget.NewAccount(1 << 40) }, func(s *served) {
		h := &scripted{answer: func(call, got string) (Step, int) {
			if call == "shed" {
				return Step{Then: Close}, 0
			}
			return Step{Write: make([]byte, answer*len(got))}, 0
		}}
		client := s.dial(h)
		client.tcp.SetReadBuffer(answer)
		for range 2 * shownBytes / answer {
			s.send(client, "a")
			readString(s.T, client, answer)
		}
		began := time.Now()
		for ; s.Shed(1<<40, ShedStalled) == 0; time.Sleep(10 * time.Millisecond) {
			s.send(client, "a")
			if s.Measure(); time.Since(began) > patience {
				s.Fatal("it is not chosen")
			}
		}
		h.expectEnd(s.T)
		if calls := h.recorded(); !slices.Contains(calls, "shed") || s.account.HeldBy(budget.Buffers) > 0 {
			s.Errorf("%d bytes of buffers are in use, so it is chosen for what is pending", s.account.HeldBy(budget.Buffers))
		}
	})
}

// TestShedGivesASlowPeerAMoment, in which it may take what is pending and the last Step.
func TestShedGivesASlowPeerAMoment(t *testing.T) {
	large := bytes.Repeat([]byte("x"), unread)
	eachDriverWith(t, func(c *Config) { c.Account = budget.NewAccount(1 << 40) }, func(s *served) {
		s.stopClock()
		h := &scripted{answer: func(call, got string) (Step, int) {
			if call == "shed" {
				return Step{Write: []byte("no memory"), Then: Close}, 0
			}
			return Step{Write: large}, 0
		}}
		client := s.dial(h)
		s.send(client, "a")
		readString(s.T, client, 1) // the driver has begun to send
		s.shedUntil(h, ShedStalled)
		s.expectEnd(client, string(large[1:])+"no memory")
		h.expect(s.T, "receive a", "shed", "closed")
	})
}

// shedWith has a connection shed that keeps input, and writes last before it shuts down.
func (s *served) shedWith(last []byte) (*scripted, *client) {
	h := &scripted{answer: func(call, got string) (Step, int) {
		if call == "shed" {
			return Step{Write: last, Then: ShutDown}, 0
		}
		return Step{}, len(got)
	}}
	client := s.dial(h)
	s.send(client, "kept")
	h.expect(s.T, "receive kept")
	s.shedUntil(h, ShedStalled)
	return h, client
}

// TestShedIsCalledOnce: a peer that takes the last Step slowly has all of it, and then the end
// of input.
func TestShedIsCalledOnce(t *testing.T) {
	large := bytes.Repeat([]byte("x"), unread)
	eachDriverWith(t, func(c *Config) { c.Account = budget.NewAccount(1 << 40) }, func(s *served) {
		s.stopClock()
		h, client := s.shedWith(large)
		readString(s.T, client, 1) // the driver has begun to send
		s.expectEnd(client, string(large[1:]))
		client.CloseWrite()
		h.expect(s.T, "receive kept", "shed", "end", "closed")
	})
}

// TestShedLeavesAConnectionThatShutsDown: the peer has all of what is pending.
func TestShedLeavesAConnectionThatShutsDown(t *testing.T) {
	large := bytes.Repeat([]byte("x"), unread)
	eachDriverWith(t, func(c *Config) { c.Account = budget.NewAccount(1 << 40) }, func(s *served) {
		s.stopClock()
		h := &scripted{answer: func(call, got string) (Step, int) { return Step{Write: large, Then: ShutDown}, 0 }}
		client := s.dial(h)
		s.send(client, "a")
		readString(s.T, client, 1)
		s.shedUntil(h, ShedStalled)
		s.expectEnd(client, string(large[1:]))
		client.CloseWrite()
		if calls := h.expectEnd(s.T); slices.Contains(calls, "shed") {
			s.Errorf("the calls are %q", calls)
		}
	})
}

// TestShedAbortsAPeerThatDoesNotTakeTheLastStep after the same moment.
func TestShedAbortsAPeerThatDoesNotTakeTheLastStep(t *testing.T) {
	large := make([]byte, unread)
	eachDriverWith(t, func(c *Config) { c.Account = budget.NewAccount(1 << 40) }, func(s *served) {
		h, _ := s.shedWith(large)
		h.expect(s.T, "receive kept", "shed", "closed: "+ErrShed.Error())
	})
}

// TestShedAbortsAPeerThatDoesNotRead after a moment, or at once.
func TestShedAbortsAPeerThatDoesNotRead(t *testing.T) {
	large := make([]byte, unread)
	for _, urgency := range []Urgency{ShedStalled, ShedAtOnce} {
		eachDriverWith(t, func(c *Config) { c.Account = budget.NewAccount(1 << 40) }, func(s *served) {
			h := &scripted{answer: func(string, string) (Step, int) { return Step{Write: large}, 0 }}
			client := s.dial(h)
			s.send(client, "a")
			readString(s.T, client, 1)
			s.shedUntil(h, urgency)
			if urgency == ShedAtOnce { // a connection that was asked to end is closed when asked again
				s.Shed(1<<40, ShedAtOnce)
			}
			h.expect(s.T, "receive a", "closed: "+ErrShed.Error())
		})
	}
}

// TestKernelBytesAreOnTheAccount while a peer does not read, and not afterwards.
func TestKernelBytesAreOnTheAccount(t *testing.T) {
	large := make([]byte, unread)
	eachDriverWith(t, func(c *Config) { c.Account = budget.NewAccount(1 << 40) }, func(s *served) {
		account := s.account
		h := &scripted{answer: func(string, string) (Step, int) { return Step{Write: large, Then: Close}, 0 }}
		client := s.dial(h)
		s.send(client, "a")
		readString(s.T, client, 1)
		for deadline := time.Now().Add(patience); account.HeldBy(budget.Kernel) == 0; time.Sleep(time.Millisecond) {
			if s.Measure(); time.Now().After(deadline) {
				s.Fatal("nothing is on the account")
			}
		}
		s.expectEnd(client, string(large[1:]))
		h.expect(s.T, "receive a", "closed")
		if n := account.Held(); n != 0 {
			s.Errorf("%d bytes are left on the account", n)
		}
	})
}

// shedding is a handler that answers what it receives, and closes when it is shed.
func shedding() *scripted {
	return &scripted{answer: func(call, _ string) (Step, int) {
		if call == "shed" {
			return Step{Then: Close}, 0
		}
		return Step{Write: []byte("taken")}, 0
	}}
}

// longHello is a client's configuration with a ClientHello of 14 KiB and little more: it offers
// protocols (RFC 7301) of that length.
func longHello(version uint16, length int) *tls.Config {
	names := slices.Repeat([]string{strings.Repeat("x", length)}, 14<<10/(1+length))
	return &tls.Config{InsecureSkipVerify: true, MaxVersion: version, NextProtos: names}
}

// TestShedChoosesAnIdleConnectionForItsHandshake: crypto/tls keeps much of a long ClientHello as long
// as the connection lives.
func TestShedChoosesAnIdleConnectionForItsHandshake(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		eachDriverWith(t, func(c *Config) { c.Account = budget.NewAccount(1 << 40) }, func(s *served) {
			if !s.tls {
				return
			}
			s.stopClock()
			h := shedding()
			client := s.dial(h)
			client.Conn = tls.Client(client.tcp, longHello(version, 100))
			s.send(client, "a")
			s.expectRead(client, "taken")
			if held := s.account.HeldBy(budget.Buffers); held < keptFactor*12<<10 {
				s.Errorf("%d bytes are on the account", held)
			}
			s.shedUntil(h, ShedStalled)
			h.expectEnd(s.T)
		})
	}
}

// TestShedChoosesAHandshakeWithALongHello that waits for its client.
func TestShedChoosesAHandshakeWithALongHello(t *testing.T) {
	eachDriverWith(t, func(c *Config) { c.Account = budget.NewAccount(1 << 40) }, func(s *served) {
		if !s.tls {
			return
		}
		s.stopClock()
		h := &scripted{answer: func(string, string) (Step, int) { return Step{Then: Close}, 0 }}
		client := s.dial(h)
		s.send(client.tcp, helloOf(longHello(tls.VersionTLS13, 1)))
		readString(s.T, client.tcp, 100) // the server's first flight
		if held := s.account.HeldBy(budget.Buffers); held < parsedFactor*12<<10 {
			s.Errorf("%d bytes are on the account", held)
		}
		s.shedUntil(h, ShedStalled)
		h.expectEnd(s.T)
	})
}
