package wsconn

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
	"github.com/echosvc/echosvc/internal/wstest"
)

func TestEndsInTime(t *testing.T) {
	tests := []struct {
		query, want string
		at          time.Duration
		then        socket.Action
		code        float64
	}{
		{"close_in=10s", "\x88\x02\x03\xe8", 10 * time.Second, socket.Read, 1000},
		{"close_in=0&close_code=1012&close_reason=restart", "\x88\x09\x03\xf4restart", 0, socket.Read, 1012},
		{"drop_in=10s", "", 10 * time.Second, socket.ShutDown, 1006},
		{"reset_in=10s", "", 10 * time.Second, socket.Reset, 1006},
		{"reset_in=10s&close_in=10s&drop_in=10s", "", 10 * time.Second, socket.Reset, 1006},
		{"reset_in=20s&close_in=10s", "\x88\x02\x03\xe8", 10 * time.Second, socket.Read, 1000},
	}
	for _, test := range tests {
		t.Run(test.query, func(t *testing.T) {
			c := opened(t, test.query)
			c.wakeAt(test.at)
			c.expectEnded(test.then, test.want, test.code)
		})
	}
}

// TestEndsDuringAPause: a delay or a stall does not postpone the end, and nothing is sent
// after a close frame.
func TestEndsDuringAPause(t *testing.T) {
	for _, query := range []string{"delay=1m&close_in=10s", "stall_in=1s&close_in=10s", "delay=1m&stall_in=1s&close_in=10s"} {
		c := opened(t, query)
		c.receive(wstest.Frame(0x81, "a"))
		if strings.Contains(query, "stall") {
			c.wakeAt(time.Second)
		}
		c.sent = nil
		c.wakeAt(10 * time.Second)
		c.expect(socket.Read, "\x88\x02\x03\xe8") // read again, up to the client's close frame
		c.receive(wstest.Frame(0x88, "\x03\xe8"))
		c.expect(socket.ShutDown)
		c.do(c.conn.EndOfInput(c.now))
		if got := c.closed(); got["clean"] != true {
			t.Errorf("%s: logged %v", query, got)
		}
	}
	for query, then := range map[string]socket.Action{"delay=1m&drop_in=10s": socket.ShutDown, "stall_in=0&drop_in=10s": socket.ShutDown, "delay=1m&reset_in=10s": socket.Reset} {
		c := opened(t, query)
		if !strings.Contains(query, "stall") {
			c.receive(wstest.Frame(0x81, "a"))
		}
		c.expect(socket.Pause)
		c.wakeAt(10 * time.Second)
		c.expect(then)
	}
}

// TestWakeBetweenFragments: a ping may be sent between two fragments, a message of the
// server's own may not, and nothing is sent after a close frame (RFC 6455 sections 5.4 and
// 5.5.1).
func TestWakeBetweenFragments(t *testing.T) {
	begin := func(query string) *connTest {
		c := withControls(t, query+"&fragment=1", func(c *settings) { c.PingInterval = time.Second })
		c.at(0)
		c.sent = nil
		mem := append(make([]byte, wsproto.Headroom), wstest.Frame(0x82, strings.Repeat("x", 60_000))...)
		step, kept := c.conn.Receive(c.now, mem, wsproto.Headroom, len(mem))
		if step.Then != socket.Yield || kept == 0 || len(step.Write) == 0 {
			t.Fatalf("then %v, %d bytes kept", step.Then, kept)
		}
		c.conn.Flushed(c.now)
		c.kept, c.yielded = mem[len(mem)-kept:], true
		c.at(time.Second)
		return c
	}
	c := begin("every=1s")
	c.do(c.conn.Wake(c.now, nil))
	frames := wstest.ReadFrames(t, c.sent)
	if frames[0].First != 0x89 || len(frames) < 40_000 {
		t.Errorf("%d frames came, the first is %v", len(frames), frames[0])
	}
	if c.wake != c.now { // the message that waited for the end of the other one
		t.Errorf("NextWake returns %v", c.wake.Sub(beginning))
	}
	c.sent = nil
	c.do(c.conn.Wake(c.now, nil))
	c.expect(socket.Read, "\x81\x011")

	c = begin("close_in=1s")
	c.do(c.conn.Wake(c.now, nil))
	c.expect(socket.Read, "\x88\x02\x03\xe8")

	c = begin("stall_in=1s")
	c.do(c.conn.Wake(c.now, nil))
	c.expect(socket.Pause, "\x89\x08"+string(binary.BigEndian.AppendUint64(nil, uint64(c.now))))
	if len(c.kept) == 0 {
		t.Error("bytes that arrived before the stall were answered during it")
	}
}

func TestStall(t *testing.T) {
	c := withControls(t, "stall_in=10s&every=20s", nil)
	c.sent = nil
	c.at(5 * time.Second)
	c.receive(wstest.Frame(0x81, "a"))
	c.expect(socket.Read, "\x81\x01a")
	c.wakeAt(10 * time.Second)
	c.expect(socket.Pause)
	c.wakeAt(20 * time.Second) // it still sends
	c.expect(socket.Pause, "\x81\x011")
	c.wakeAt(25 * time.Second) // pings go on; no pong is expected
	pongFor(t, c.sent)
	for at := 40 * time.Second; at < 610*time.Second; at += 5 * time.Second {
		if at%(20*time.Second) == 0 || at%(25*time.Second) == 0 {
			c.wakeAt(at)
			if c.step.Then != socket.Pause || c.conn.stage != stageOpen {
				t.Fatalf("at %v: %v, then %v", at, c.conn.stage, c.step.Then)
			}
		}
	}
	c.wakeAt(610 * time.Second) // maxStall after the stall began
	if c.step.Then != socket.Reset {
		t.Errorf("then %v", c.step.Then)
	}
}

func TestOwnPingInterval(t *testing.T) {
	c := withControls(t, "ping=5s", nil)
	c.sent = nil
	c.wakeAt(5 * time.Second)
	pong := pongFor(t, c.sent)
	c.receive(pong)
	c.sent = nil
	c.wakeAt(10 * time.Second)
	pongFor(t, c.sent)
	c.wakeAt(15 * time.Second)
	c.wakeAt(20 * time.Second)
	c.wakeAt(25 * time.Second)
	c.sent = nil
	c.wakeAt(30 * time.Second) // PONG_TIMEOUT after the first unanswered ping
	if !strings.Contains(string(c.sent), "PONG_TIMEOUT=20s") {
		t.Errorf("sent %q", c.sent)
	}
	if c := withControls(t, "ping=0", nil); c.wake != 0 {
		t.Errorf("without pings, NextWake returns %v, want never", c.wake)
	}
}

// TestMessagesOfTheServer: every=1s sends numbers, but not within another message.
func TestMessagesOfTheServer(t *testing.T) {
	c := opened(t, "every=1s")
	c.wakeAt(time.Second)
	c.expect(socket.Read, "\x81\x011")
	c.wakeAt(2 * time.Second)
	c.expect(socket.Read, "\x81\x012")
	c.receive(wstest.Frame(0x01, "in"))
	c.expect(socket.Read, "\x01\x02in")
	if c.wake != 0 {
		t.Errorf("within a message, NextWake returns %v, want never", c.wake)
	}
	c.at(5500 * time.Millisecond)
	c.receive(wstest.Frame(0x80, "side"))
	c.expect(socket.Read, "\x80\x04side")
	c.do(c.conn.Wake(c.now, nil))
	c.expect(socket.Read, "\x81\x013") // those that were due meanwhile are skipped
	c.wakeAt(6500 * time.Millisecond)
	c.expect(socket.Read, "\x81\x014")
	if c.conn.messages != 1 {
		t.Errorf("%d messages were echoed", c.conn.messages)
	}
}

// TestDrainOfControlledConnections: a paused connection gets a close frame too, and completes
// the closing handshake.
func TestDrainOfControlledConnections(t *testing.T) {
	for _, query := range []string{"delay=1m", "stall_in=0", "close=ignore", "pong=0&ping=0", "delay=1m&stall_in=0&fragment=1"} {
		c := opened(t, query)
		if !c.paused {
			c.receive(wstest.Frame(0x81, "a"))
		}
		c.drain()
		c.sent = nil
		c.wakeAt(500 * time.Millisecond)
		c.expect(socket.Read, "\x88\x1d\x03\xe9the server is shutting down")
		c.receive(wstest.Frame(0x88, "\x03\xe9"))
		c.expect(socket.ShutDown)
		c.do(c.conn.EndOfInput(c.now))
		if got, want := c.server.Admission.Tally(), (Tally{Total: 1, Clean: 1}); got != want {
			t.Errorf("%s: the tally is %+v, want %+v", query, got, want)
		}
	}
}

// TestLimitsWithControls: IDLE_TIMEOUT and MAX_MESSAGE_SIZE still apply.
func TestLimitsWithControls(t *testing.T) {
	c := withControls(t, "greet=1", func(c *settings) { c.PingInterval, c.IdleTimeout = 0, time.Minute })
	c.sent = nil
	c.wakeAt(time.Minute)
	if !strings.Contains(string(c.sent), "IDLE_TIMEOUT") {
		t.Errorf("sent %q", c.sent)
	}
	c = withControls(t, "delay=1s", func(c *settings) { c.PingInterval, c.MaxMessageSize = 0, 10 })
	c.receive(wstest.Frame(0x81, "eleven char"))
	c.sent = nil
	c.wakeAt(time.Second)
	if !strings.Contains(string(c.sent), "MAX_MESSAGE_SIZE") || c.step.Then != socket.ShutDown {
		t.Errorf("sent %q, then %v", c.sent, c.step.Then)
	}
}
