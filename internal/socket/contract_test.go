package socket

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

func TestOpenedMayWriteAndClose(t *testing.T) {
	eachDriver(t, func(s *served) {
		h := &scripted{flushed: true, opened: Step{Write: []byte("busy"), Then: Close}}
		s.expectEnd(s.dial(h), "busy")
		h.expect(s.T, "flushed", "closed")
	})
}

func TestReceiveIsGivenKeptBytesFirst(t *testing.T) {
	large := strings.Repeat("b", 3*mediumBuffer)
	eachDriver(t, func(s *served) {
		h := &scripted{last: []byte("end"), answer: func(_, got string) (Step, int) {
			if strings.HasSuffix(got, ".") {
				return Step{Write: []byte(got)}, 0
			}
			return Step{}, len(got)
		}}
		client := s.dial(h)
		s.send(client, "a")
		h.expect(s.T, "receive a")
		s.send(client, large)
		h.expectLast(s.T, func(call string) bool { return call == "receive a"+large })
		s.send(client, "c.")
		s.expectRead(client, "a"+large+"c.")
		client.CloseWrite()
		s.expectEnd(client, "end")
	})
}

func TestReceiveHasHeadroom(t *testing.T) {
	const head = "0123456789" // testHeadroom bytes
	eachDriver(t, func(s *served) {
		h := &scripted{}
		var in []byte
		h.received = func(mem []byte, start, end int) error {
			if start < testHeadroom {
				return fmt.Errorf("%d bytes of headroom, want at least %d", start, testHeadroom)
			}
			in = mem[start-testHeadroom : end]
			return nil
		}
		h.answer = func(call, got string) (Step, int) {
			copy(in, head)
			kept := len(got) / 2
			return Step{Write: in[:len(in)-kept]}, kept
		}
		client := s.dial(h)
		s.send(client, "abc")
		s.expectRead(client, head+"ab")
		s.send(client, "d")
		s.expectRead(client, head+"c")
		client.CloseWrite()
		h.expect(s.T, "receive abc", "receive cd", "end", "closed")
	})
}

func TestFlushedComesBeforeTheAction(t *testing.T) {
	for then, last := range map[Action]string{Close: "closed", Reset: "closed", Hijack: "hijacked x"} {
		eachDriver(t, func(s *served) {
			h := &scripted{flushed: true, answer: func(_, got string) (Step, int) {
				return Step{Write: []byte("last"), Then: then}, len(got)
			}}
			client := s.dial(h)
			s.send(client, "x")
			h.expect(s.T, "flushed", "receive x", "flushed", last)
			if h.hijacked != nil {
				h.hijacked.Close()
			}
		})
	}
}

// TestCallsWaitForASlowPeer: Flushed, Wake and the Action of a Step wait until
// everything has been sent.
func TestCallsWaitForASlowPeer(t *testing.T) {
	large := make([]byte, 32<<20)
	eachDriver(t, func(s *served) {
		h := &scripted{flushed: true, answer: func(call, got string) (Step, int) {
			switch {
			case call == "wake":
				return Step{Write: []byte("woken")}, 0
			case got == "a":
				return Step{Write: large, Then: Pause}, 1
			}
			return Step{Then: Close}, 0
		}}
		client := s.dial(h)
		s.send(client, "a")
		readString(s.T, client, 1) // the driver has begun to send
		s.Wake()
		s.send(client, "b")
		h.expect(s.T, "flushed", "receive a")
		readString(s.T, client, len(large)-1)
		s.expectRead(client, "woken")
		calls := []string{"flushed", "receive a", "flushed", "wake", "flushed", "receive a"}
		h.expect(s.T, calls...)
	})
}

func TestNextWakeIsAskedBeforeEachWait(t *testing.T) {
	eachDriver(t, func(s *served) {
		h := &scripted{wake: 1} // has been reached
		h.answer = func(call, got string) (Step, int) {
			h.wake = 0
			if call == "receive" {
				h.wake = 1
			}
			return Step{Write: []byte(call)}, 0
		}
		if s.tls { // a Wake during the TLS handshake can write nothing
			h.wake = 0
		}
		client := s.dial(h)
		if !s.tls {
			s.expectRead(client, "wake")
		}
		for range 3 {
			s.send(client, "x")
			s.expectRead(client, "receivewake")
		}
		s.Wake()
		s.expectRead(client, "wake")
	})
}

func TestYieldLetsOthersReceive(t *testing.T) {
	eachDriver(t, func(s *served) {
		var otherReceived atomic.Bool
		busy := &scripted{answer: func(_, got string) (Step, int) {
			if otherReceived.Load() {
				return Step{Write: []byte(got), Then: Close}, 0
			}
			return Step{Then: Yield}, len(got)
		}}
		other := &scripted{answer: func(string, string) (Step, int) {
			otherReceived.Store(true)
			return Step{Then: Close}, 0
		}}
		busyClient, otherClient := s.dial(busy), s.dial(other)
		s.send(busyClient, "x")
		s.send(otherClient, "y")
		s.expectEnd(busyClient, "x")
	})
}

// TestYieldStaysOutstandingOverAWake: Receive is called again after a Step of Wake that asks for
// Read or ShutDown, also if the peer is slow to read what it wrote.
func TestYieldStaysOutstandingOverAWake(t *testing.T) {
	for _, step := range []Step{{Write: []byte(".")}, {Write: []byte("."), Then: ShutDown}, {Write: make([]byte, 32<<20)}} {
		eachDriver(t, func(s *served) {
			woken, received := false, 0
			h := &scripted{}
			h.answer = func(call, got string) (Step, int) {
				if call == "wake" {
					woken, received, h.wake = true, 0, 0
					return step, 0
				}
				if received++; woken && received == 4 {
					return Step{Then: Hijack}, len(got)
				}
				if !woken {
					h.wake = 1 // has been reached
				}
				return Step{Then: Yield}, len(got)
			}
			client := s.dial(h)
			s.send(client, "x")
			readString(s.T, client, len(step.Write))
			calls := h.expectEnd(s.T)
			h.hijacked.Close()
			if want := []string{"receive x", "receive x", "receive x", "receive x", "hijacked x"}; !slices.Equal(calls[len(calls)-5:], want) {
				s.Errorf("the calls are %q, want %q last", calls, want)
			}
		})
	}
}

// TestPauseEndsWithAReceive, even if nothing was kept.
func TestPauseEndsWithAReceive(t *testing.T) {
	for _, then := range []Action{Read, ShutDown} {
		for _, kept := range []string{"", "b", "ab"} {
			eachDriver(t, func(s *served) {
				paused := false
				h := &scripted{answer: func(call, got string) (Step, int) {
					switch {
					case call == "wake":
						return Step{Then: then}, 0
					case !paused:
						paused = true
						return Step{Write: []byte("."), Then: Pause}, len(kept)
					}
					return Step{Then: Close}, 0
				}}
				client := s.dial(h)
				s.send(client, "ab")
				s.expectRead(client, ".")
				s.Wake()
				h.expect(s.T, "receive ab", "wake", "receive "+kept, "closed")
			})
		}
	}
}

// TestPauseReadsNothing: neither bytes nor the end of input, until a Step of Wake ends it.
func TestPauseReadsNothing(t *testing.T) {
	for _, shutDown := range []bool{false, true} { // the end of input is another event after a ShutDown
		eachDriver(t, func(s *served) {
			h := &scripted{}
			if shutDown {
				h.opened = Step{Then: ShutDown}
			}
			steps := []Step{{Then: Pause}, {Then: Pause}, {Then: Read}} // of Wake
			paused := false
			h.answer = func(call, got string) (Step, int) {
				switch {
				case call == "wake":
					step := steps[0]
					steps = steps[1:]
					return step, 0
				case !paused:
					paused = true
					return Step{Then: Pause}, len(got)
				}
				return Step{}, 0
			}
			client := s.dial(h)
			s.send(client, "ab")
			calls := []string{"receive ab"}
			h.expect(s.T, calls...)
			s.Wake()
			calls = append(calls, "wake")
			h.expect(s.T, calls...)
			s.send(client, "cd")
			client.CloseWrite()
			s.Wake()
			calls = append(calls, "wake")
			h.expect(s.T, calls...)
			s.Wake()
			h.expect(s.T, append(calls, "wake", "receive ab", "receive cd", "end", "closed")...)
		})
	}
}

func TestPausedConnectionIsClosedOnReset(t *testing.T) {
	eachDriver(t, func(s *served) {
		h := &scripted{opened: Step{Write: []byte("."), Then: Pause}}
		client := s.dial(h)
		s.expectRead(client, ".")
		client.reset()
		if calls := h.expectEnd(s.T); !strings.HasSuffix(calls[0], "connection reset by peer") {
			s.Errorf("the calls are %q", calls)
		}
	})
}

func TestShutDownEndsOnlyTheSendingSide(t *testing.T) {
	eachDriver(t, func(s *served) {
		h := &scripted{answer: func(_, got string) (Step, int) {
			if got == "x" {
				return Step{Write: []byte("last"), Then: ShutDown}, 0
			}
			return Step{}, 0
		}}
		client := s.dial(h)
		s.send(client, "x")
		s.expectEnd(client, "last")
		s.send(client, "late")
		h.expect(s.T, "receive x", "receive late")
		client.Close()
		h.expect(s.T, "receive x", "receive late", "end", "closed")
	})
}

func TestResetIsSeenByThePeer(t *testing.T) {
	eachDriver(t, func(s *served) {
		h := &scripted{answer: func(string, string) (Step, int) { return Step{Then: Reset}, 0 }}
		client := s.dial(h)
		s.send(client, "x")
		var failed *net.OpError // which io.EOF is not
		if n, err := client.Read(make([]byte, 1)); !errors.As(err, &failed) || failed.Timeout() {
			s.Errorf("read %d bytes, %v; want a reset", n, err)
		}
		h.expect(s.T, "receive x", "closed")
	})
}

// TestHijackedConnectionBelongsToTheHandler: it gets the kept bytes, and the driver leaves the
// connection alone.
func TestHijackedConnectionBelongsToTheHandler(t *testing.T) {
	eachDriver(t, func(s *served) {
		h := &scripted{answer: func(_, got string) (Step, int) {
			return Step{Write: []byte("first"), Then: Hijack}, len(got) - 1
		}}
		client := s.dial(h)
		s.send(client, " GET")
		h.expect(s.T, "receive  GET", "hijacked GET")
		defer h.hijacked.Close()
		s.Wake()
		s.Each(func(Handler, int64) bool { s.Error("the driver still has the handler"); return false })
		s.Abort()
		s.send(client, "more")
		s.expectRead(h.hijacked, "more")
		s.send(h.hijacked, "second")
		s.expectRead(client, "firstsecond")
		h.expect(s.T, "receive  GET", "hijacked GET")
	})
}

// TestAbortClosesInAnyState, with net.ErrClosed as the cause.
func TestAbortClosesInAnyState(t *testing.T) {
	for name, step := range map[string]Step{
		"reading":  {Write: []byte(".")},
		"paused":   {Write: []byte("."), Then: Pause},
		"yielding": {Write: []byte("."), Then: Yield},
		"sending":  {Write: bytes.Repeat([]byte("."), 32<<20)},
	} {
		t.Run(name, func(t *testing.T) {
			eachDriver(t, func(s *served) {
				sent := false
				h := &scripted{answer: func(_, got string) (Step, int) {
					if sent {
						return Step{Then: step.Then}, len(got)
					}
					sent = true
					return step, len(got)
				}}
				client := s.dial(h)
				s.send(client, "x")
				s.expectRead(client, ".")
				s.Abort()
				s.Wait()
				calls := h.recorded()
				if want := "closed: " + net.ErrClosed.Error(); calls[len(calls)-1] != want {
					s.Errorf("the last call is %q, want %q", calls[len(calls)-1], want)
				}
			})
		})
	}
}

func TestEachCallsWithOpenConnections(t *testing.T) {
	eachDriver(t, func(s *served) {
		first, second := &scripted{opened: Step{Write: []byte(".")}}, &scripted{opened: Step{Write: []byte("."), Then: Pause}}
		for _, h := range []*scripted{first, second} {
			s.expectRead(s.dial(h), ".")
		}
		seen := map[Handler]bool{}
		s.Each(func(h Handler, _ int64) bool { seen[h] = true; return false })
		if len(seen) != 2 || !seen[first] || !seen[second] {
			s.Errorf("called with %d handlers, want both", len(seen))
		}
	})
}

// TestEachWakesTheChosen, also during a pause, and no others.
func TestEachWakesTheChosen(t *testing.T) {
	eachDriver(t, func(s *served) {
		other := &scripted{opened: Step{Write: []byte(".")}}
		s.expectRead(s.dial(other), ".")
		for _, then := range []Action{Read, Pause} {
			chosen := &scripted{
				opened: Step{Write: []byte("."), Then: then},
				answer: func(string, string) (Step, int) { return Step{Then: then}, 0 },
			}
			s.expectRead(s.dial(chosen), ".")
			s.Each(func(h Handler, held int64) bool {
				if held < 0 {
					s.Errorf("%d bytes are held", held)
				}
				return h == chosen
			})
			chosen.expect(s.T, "wake")
		}
		other.expect(s.T)
	})
}
