package wsconn

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wstest"
)

// pongFor returns the client's answer to a ping, which must be all that was sent.
func pongFor(t *testing.T, sent []byte) []byte {
	t.Helper()
	frames := wstest.ReadFrames(t, sent)
	if len(frames) != 1 || frames[0].First != 0x89 {
		t.Fatalf("sent %v, want a ping", frames)
	}
	return wstest.Frame(0x8a, frames[0].Payload)
}

func TestPingsAndRTT_Section5_5_2(t *testing.T) {
	c := newConnTest(t, nil).open()
	for i := range 3 {
		interval := time.Duration(i+1) * 25 * time.Second
		c.wakeAt(interval)
		pong := pongFor(t, c.sent)
		c.sent = nil
		c.at(interval + 30*time.Millisecond)
		c.receive(pong)
		c.expect(socket.Read)
		if c.conn.rtt.duration() != 30*time.Millisecond {
			t.Errorf("the RTT is %v", c.conn.rtt.duration())
		}
		c.receive(pong) // again, unsolicited
		if c.conn.rtt.duration() != 30*time.Millisecond {
			t.Error("an unsolicited pong changes the RTT")
		}
	}
	if got, want := c.settings.Metrics.rtts, slices.Repeat([]time.Duration{30 * time.Millisecond}, 3); !slices.Equal(got, want) {
		t.Errorf("counted the RTTs %v, want %v", got, want)
	}
}

func TestMissingPongCloses(t *testing.T) {
	c := newConnTest(t, nil).open()
	c.wakeAt(25 * time.Second)
	pongFor(t, c.sent)
	c.sent = nil
	c.wakeAt(45 * time.Second)
	c.expect(socket.Read, "\x88\x30\x03\xf3no pong within PONG_TIMEOUT=20s of this server")
	c.wakeAt(50 * time.Second) // CLOSE_TIMEOUT
	c.expect(socket.ShutDown)
	c.wakeAt(51 * time.Second)
	c.expect(socket.Close)
	if got := c.closed(); got["code"] != 1011.0 || got["initiator"] != "server" || got["clean"] != false {
		t.Errorf("logged %v", got)
	}
	if got := c.settings.Metrics.pongsMissed; got != 1 {
		t.Errorf("counted %d missed pongs, want 1", got)
	}
}

// TestInputExtendsPongTimeout: a pong may be queued after a large frame, so any input means
// that the client is still there. A pong with another payload is not the answer.
func TestInputExtendsPongTimeout(t *testing.T) {
	c := newConnTest(t, nil).open()
	c.wakeAt(25 * time.Second)
	c.sent = nil
	c.at(40 * time.Second)
	c.receive(wstest.Frame(0x8a, string(binary.BigEndian.AppendUint64(nil, 7))))
	if c.conn.rtt != 0 {
		t.Error("a pong with another payload was taken for the answer")
	}
	c.wakeAt(50 * time.Second)
	pongFor(t, c.sent) // the next ping
	c.sent = nil
	c.wakeAt(60 * time.Second) // PONG_TIMEOUT after the last byte
	if !strings.Contains(string(c.sent), "PONG_TIMEOUT") {
		t.Errorf("sent %q", c.sent)
	}
}

func TestPingsWithoutATimeout(t *testing.T) {
	c := newConnTest(t, func(c *settings) { c.PongTimeout = 0 }).open()
	for i := range 3 {
		c.wakeAt(time.Duration(i+1) * 25 * time.Second)
		pongFor(t, c.sent)
		c.sent = nil
	}
}

func TestNoWakeWithoutTimers(t *testing.T) {
	c := newConnTest(t, func(c *settings) { c.PingInterval = 0 }).open()
	if c.wake != 0 {
		t.Errorf("NextWake returns %v, want never", c.wake)
	}
}

// TestIdleTimeoutCountsOnlyData: pings do not extend it.
func TestIdleTimeoutCountsOnlyData(t *testing.T) {
	c := newConnTest(t, func(c *settings) { c.PingInterval, c.IdleTimeout = 0, time.Minute }).open()
	c.at(30 * time.Second)
	c.receive(wstest.Frame(0x81, "data"))
	c.at(80 * time.Second)
	c.receive(wstest.Frame(0x89, "not data"))
	c.sent = nil
	c.wakeAt(90 * time.Second)
	c.expect(socket.Read, "\x88\x39\x03\xe9no data message within IDLE_TIMEOUT=1m0s of this server")
	c.receive(wstest.Frame(0x88, "\x03\xe9"))
	c.expect(socket.ShutDown)
	c.do(c.conn.EndOfInput(c.now))
	if got := c.closed(); got["code"] != 1001.0 || got["clean"] != true {
		t.Errorf("logged %v", got)
	}
}

func TestDrainOfOneConnection(t *testing.T) {
	begin := func(c *connTest, at time.Duration) {
		c.at(at)
		c.drain()
	}
	t.Run("open: closes within the spread", func(t *testing.T) {
		c := newConnTest(t, nil).open()
		begin(c, 7*time.Second)
		c.expect(socket.Read)
		c.receive(wstest.Frame(0x81, "still"))
		c.expect(socket.Read, "\x81\x05still")
		c.wakeAt(7*time.Second + 500*time.Millisecond) // half of DRAIN_SPREAD
		c.expect(socket.Read, "\x88\x1d\x03\xe9the server is shutting down")
		c.receive(wstest.Frame(0x81, "late"), wstest.Frame(0x88, "\x03\xe9"))
		c.expect(socket.ShutDown)
		c.do(c.conn.EndOfInput(c.now))
		if got, want := c.server.Admission.Tally(), (Tally{Total: 1, Clean: 1}); got != want {
			t.Errorf("the tally is %+v, want %+v", got, want)
		}
	})
	t.Run("no answer: cut after CLOSE_TIMEOUT", func(t *testing.T) {
		c := newConnTest(t, func(c *settings) { c.DrainSpread = 0 }).open()
		begin(c, 7*time.Second)
		c.expect(socket.Read, "\x88\x1d\x03\xe9the server is shutting down")
		c.wakeAt(12 * time.Second)
		c.expect(socket.ShutDown)
		c.wakeAt(13 * time.Second)
		c.expect(socket.Close)
		if got, want := c.server.Admission.Tally(), (Tally{Total: 1, Cut: 1}); got != want {
			t.Errorf("the tally is %+v, want %+v", got, want)
		}
	})
	t.Run("already closing: unchanged", func(t *testing.T) {
		c := newConnTest(t, nil).open()
		c.receive(wstest.Frame(0x81, "bye"))
		c.sent = nil
		begin(c, time.Second)
		c.expect(socket.Read)
		c.receive(wstest.Frame(0x88, "\x03\xe8"))
		c.expect(socket.ShutDown)
	})
}

// TestDrainIsBroughtForward by a second call, for connections that have their instant and
// for those that have none yet.
func TestDrainIsBroughtForward(t *testing.T) {
	c := newConnTest(t, func(c *settings) { c.DrainSpread = time.Minute }).open()
	c.at(time.Second)
	c.drain()
	if c.wake != beginning.Add(25*time.Second) { // the next ping; its own instant is at 31 s
		t.Errorf("wants to be woken at %v", c.wake.Sub(beginning))
	}
	c.at(3 * time.Second)
	c.settings.DrainSpread = 0
	c.drain()
	c.expect(socket.Read, "\x88\x1d\x03\xe9the server is shutting down")
	if got := c.server.Admission.DrainStarted(); got != beginning.Add(time.Second) {
		t.Errorf("the drain began at %v", got.Sub(beginning))
	}
}
