package wsconn

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
	"github.com/echosvc/echosvc/internal/wstest"
)

// opened is withControls without pings. The response is discarded.
func opened(t *testing.T, query string) *connTest {
	t.Helper()
	c := withControls(t, query, func(c *settings) { c.PingInterval = 0 })
	c.sent = nil
	return c
}

// expectEnded checks the last Step of the server, that what the client then sends is ignored,
// and the line of the log about an end that was not clean.
func (c *connTest) expectEnded(then socket.Action, want string, code float64) {
	c.t.Helper()
	c.expect(then, want)
	if then != socket.Reset {
		c.receive(wstest.Frame(0x81, "ignored"))
		c.expect(socket.Read)
		c.do(c.conn.EndOfInput(c.now))
	}
	if got := c.closed(); got["code"] != code || got["initiator"] != "server" || got["clean"] != false {
		c.t.Errorf("logged %v", got)
	}
}

func TestEndsAfterMessages(t *testing.T) {
	two := []byte(string(wstest.Frame(0x81, "1")) + string(wstest.Frame(0x89, "p")) + string(wstest.Frame(0x01, "2")) + string(wstest.Frame(0x80, "3")) +
		string(wstest.Frame(0x82, "too late")) + string(wstest.Frame(0x89, "late")))
	const answers = "\x81\x011\x8a\x01p\x01\x012\x80\x013"
	tests := []struct {
		query, want string
		then        socket.Action
		code        float64
	}{
		{"close_after=2", answers + "\x88\x02\x03\xe8", socket.Read, 1000},
		{"close_after=2&close_code=4001&close_reason=enough", answers + "\x88\x08\x0f\xa1enough", socket.Read, 4001},
		{"drop_after=2", answers, socket.ShutDown, 1006},
		{"reset_after=2", answers, socket.Reset, 1006},
		{"close_after=3&reset_after=2", answers, socket.Reset, 1006},
		{"close_after=2&fragment=1", answers + "\x88\x02\x03\xe8", socket.Read, 1000},
		{"drop_after=2&fragment=1", answers, socket.ShutDown, 1006},
		{"reset_after=2&fragment=1", answers, socket.Reset, 1006},
	}
	for _, test := range tests {
		t.Run(test.query, func(t *testing.T) {
			c := opened(t, test.query)
			c.receive(two)
			c.expectEnded(test.then, test.want, test.code)
		})
	}
}

// TestCloseAfterCompletesTheClosingHandshake_Section7_1_4: close=ignore concerns only a close
// that the client starts.
func TestCloseAfterCompletesTheClosingHandshake_Section7_1_4(t *testing.T) {
	c := opened(t, "close_after=1&close=ignore")
	c.receive(wstest.Frame(0x81, "a"))
	c.expect(socket.Read, "\x81\x01a\x88\x02\x03\xe8")
	c.receive(wstest.Frame(0x88, "\x03\xe8"))
	c.expect(socket.ShutDown)
	c.do(c.conn.EndOfInput(c.now))
	if got := c.closed(); got["clean"] != true {
		t.Errorf("logged %v", got)
	}
}

func TestNoPongs(t *testing.T) {
	c := opened(t, "pong=0")
	c.receive(wstest.Frame(0x81, "a"), wstest.Frame(0x89, "one"), wstest.Frame(0x01, "b"), wstest.Frame(0x89, ""), wstest.Frame(0x80, "c"))
	c.expect(socket.Read, "\x81\x01a\x01\x01b\x80\x01c")
	c.receive(wstest.Frame(0x81, "bye"), wstest.Frame(0x89, "after the close"))
	c.expect(socket.Read, "\x81\x03bye\x88\x09\x03\xe8goodbye")
}

func TestCloseIsIgnored(t *testing.T) {
	for _, query := range []string{"close=ignore", "close=ignore&fragment=2"} {
		c := opened(t, query)
		c.receive(wstest.Frame(0x81, "a"), wstest.Frame(0x88, "\x0f\xa0done"), wstest.Frame(0x81, "more"))
		c.expect(socket.Read, "\x81\x01a")
		c.receive(wstest.Frame(0x88, "\x0f\xa0done"))
		c.expect(socket.Read)
		c.wakeAt(5 * time.Second) // CLOSE_TIMEOUT
		c.expect(socket.ShutDown)
		c.wakeAt(6 * time.Second)
		c.expect(socket.Close)
		if got := c.closed(); got["code"] != 4000.0 || got["initiator"] != "client" || got["clean"] != false {
			t.Errorf("logged %v", got)
		}
	}
}

func TestFragmentsByControl(t *testing.T) {
	c := opened(t, "fragment=2")
	c.receive(wstest.Frame(0x81, "Hello"), wstest.Frame(0x89, "ping"), wstest.Frame(0x82, ""))
	c.expect(socket.Read, "\x01\x02He\x00\x02ll\x80\x01o\x8a\x04ping\x82\x00")
	c.receive(wstest.Frame(0x88, "\x03\xe8bye"))
	c.expect(socket.ShutDown, "\x88\x05\x03\xe8bye")
	c.wakeAt(time.Second)
	c.expect(socket.Close)
	if got := c.closed(); got["clean"] != true {
		t.Errorf("logged %v", got)
	}
}

// TestFragmentsAreBounded: a step writes little even if a read has much. In the end
// everything is answered, and nothing is kept.
func TestFragmentsAreBounded(t *testing.T) {
	for _, query := range []string{"fragment=1", "fragment=1&delay=1s", "fragment=3000", "fragment=100000"} {
		for _, size := range []int{wsproto.MaxWhole, 200_000} {
			c := opened(t, query)
			c.largest = 0
			payload := strings.Repeat("x", size)
			in := string(wstest.Frame(0x82, payload)) + string(wstest.Frame(0x81, payload))
			for part := range slices.Chunk([]byte(in), 250<<10) {
				c.receive(part)
				for c.paused {
					c.now = c.now.Add(time.Second)
					c.do(c.conn.Wake(c.now, nil))
				}
			}
			want := []wstest.Message{{Opcode: 2, Payload: payload}, {Opcode: 1, Payload: payload}}
			frames := wstest.ReadFrames(t, c.sent)
			if !slices.Equal(wstest.Messages(t, frames), want) {
				t.Errorf("%s: other messages came back", query)
			}
			for _, frame := range frames {
				if len(frame.Payload) > c.conn.behavior().(*controlled).fragment {
					t.Fatalf("%s: a fragment of %d bytes", query, len(frame.Payload))
				}
			}
			if bound := 3*fragmentWindow + 200; c.largest > bound {
				t.Errorf("%s: a step writes %d bytes, over %d", query, c.largest, bound)
			}
			if c.step.Then != socket.Read || len(c.kept) != 0 {
				t.Errorf("%s: then %v, %d bytes kept", query, c.step.Then, len(c.kept))
			}
		}
	}
}

func TestDelay(t *testing.T) {
	t.Run("each answer is delayed", func(t *testing.T) {
		c := opened(t, "delay=250ms")
		c.receive(wstest.Frame(0x81, "a"), wstest.Frame(0x89, "p"))
		c.expect(socket.Pause)
		c.wakeAt(250 * time.Millisecond)
		c.expect(socket.Read, "\x81\x01a\x8a\x01p")
		c.at(time.Second)
		c.receive(wstest.Frame(0x81, "b"))
		c.expect(socket.Pause)
		c.wakeAt(1250 * time.Millisecond)
		c.expect(socket.Read, "\x81\x01b")
	})
	t.Run("a message in the read of the request is delayed", func(t *testing.T) {
		c := newConnTest(t, func(c *settings) { c.PingInterval = 0 })
		c.receive([]byte(upgrade("delay=1s")), wstest.Frame(0x81, "a"))
		if got := string(c.sent); !strings.HasSuffix(got, "\r\n\r\n") || c.step.Then != socket.Pause {
			t.Errorf("sent %q, then %v", got, c.step.Then)
		}
		c.sent = nil
		c.wakeAt(time.Second)
		c.expect(socket.Read, "\x81\x01a")
	})
	t.Run("the rest of a frame is not delayed again", func(t *testing.T) {
		c := opened(t, "delay=1s")
		f := wstest.Frame(0x81, "hello")
		c.receive(f[:8])
		c.expect(socket.Pause)
		c.wakeAt(time.Second)
		c.expect(socket.Read)
		c.receive(f[8:9])
		c.expect(socket.Read)
		c.receive(f[9:], wstest.Frame(0x81, "next")) // delayed
		c.expect(socket.Pause, "\x81\x05hello")
		c.wakeAt(2 * time.Second)
		c.expect(socket.Read, "\x81\x04next")
	})
	t.Run("nor is the rest of a large frame", func(t *testing.T) {
		c := opened(t, "delay=1s")
		large := wstest.Frame(0x82, strings.Repeat("x", 100_000))
		c.receive(large[:70_000])
		c.expect(socket.Pause)
		c.wakeAt(time.Second)
		c.sent = nil
		c.receive(large[70_000:])
		c.expect(socket.Read, "\x80\x7e\x75\x3e"+strings.Repeat("x", 30014))
	})
	t.Run("the answer to a close frame is delayed", func(t *testing.T) {
		c := opened(t, "delay=1s")
		c.receive(wstest.Frame(0x88, "\x03\xe8"))
		c.expect(socket.Pause)
		c.wakeAt(time.Second)
		c.expect(socket.ShutDown, "\x88\x02\x03\xe8")
		c.do(c.conn.EndOfInput(c.now))
		if got := c.closed(); got["clean"] != true || got["initiator"] != "client" {
			t.Errorf("logged %v", got)
		}
	})
	t.Run("IDLE_TIMEOUT and PONG_TIMEOUT exclude the delay", func(t *testing.T) {
		c := withControls(t, "delay=1m", func(c *settings) { c.IdleTimeout = 30 * time.Second })
		c.sent = nil
		c.wakeAt(25 * time.Second)
		ping := pongFor(t, c.sent)
		c.sent = nil
		c.at(26 * time.Second)
		c.receive(ping)
		c.expect(socket.Pause)
		c.wakeAt(50 * time.Second)
		pongFor(t, c.sent)
		c.wakeAt(75 * time.Second)
		c.sent = nil
		c.wakeAt(86 * time.Second)
		c.expect(socket.Read)
		if c.conn.rtt.duration() != 61*time.Second {
			t.Errorf("the RTT is %v", c.conn.rtt.duration())
		}
	})
}

// TestControlledInputSplitAnywhere: the same messages come back however the input is split.
func TestControlledInputSplitAnywhere(t *testing.T) {
	in := slices.Concat(wstest.Frame(0x81, "one"), wstest.Frame(0x01, "t"), wstest.Frame(0x89, "ping"), wstest.Frame(0x80, "wo"),
		wstest.Frame(0x82, ""), wstest.Frame(0x81, "bye"), wstest.Frame(0x88, "\x03\xe8"))
	want := []wstest.Message{{Opcode: 1, Payload: "one"}, {Opcode: 10, Payload: "ping"}, {Opcode: 1, Payload: "two"}, {Opcode: 2}, {Opcode: 1, Payload: "bye"}, {Opcode: 8, Payload: "\x03\xe8goodbye"}}
	for _, query := range []string{"greet=0", "delay=1s", "fragment=2", "delay=1s&fragment=1"} {
		for first := range len(in) {
			for _, second := range []int{first + 1, first + 7, len(in)} {
				c := opened(t, query)
				for _, part := range [][]byte{in[:first], in[first:min(second, len(in))], in[min(second, len(in)):]} {
					if len(part) > 0 {
						c.receive(part)
					}
					for c.paused {
						c.now = c.now.Add(time.Second)
						c.do(c.conn.Wake(c.now, nil))
					}
				}
				if got := wstest.Messages(t, wstest.ReadFrames(t, c.sent)); !slices.Equal(got, want) || c.step.Then != socket.ShutDown {
					t.Fatalf("%s, split at %d and %d: got %v, then %v", query, first, second, got, c.step.Then)
				}
			}
		}
	}
}

// TestGoodbyeAndControlsCloseOnce: nothing follows a close frame (RFC 6455 section 5.5.1).
func TestGoodbyeAndControlsCloseOnce(t *testing.T) {
	for _, query := range []string{"close_after=1", "close_after=1&fragment=9", "drop_after=1", "reset_after=1", "close_after=2"} {
		c := opened(t, query)
		c.receive(wstest.Frame(0x81, "bye"), wstest.Frame(0x81, "more"))
		c.expect(socket.Read, "\x81\x03bye\x88\x09\x03\xe8goodbye")
	}
}
