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

func TestHandshakeTimeout(t *testing.T) {
	c := newConnTest(t, nil)
	c.at(9 * time.Second)
	c.receive([]byte("GET / HTTP/1.1\r\n")) // does not buy time
	c.wakeAt(10 * time.Second)
	if got := string(c.sent); !strings.HasPrefix(got, "HTTP/1.1 408 ") || !strings.Contains(got, "HANDSHAKE_TIMEOUT=10s") || c.step.Then != socket.ShutDown {
		t.Fatalf("sent %q, then %v", got, c.step.Then)
	}
	silent := newConnTest(t, nil)
	silent.wakeAt(10 * time.Second)
	silent.expect(socket.Close)
}

// pongFor is the client's answer to the ping that was sent.
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
		if c.conn.timers.rtt != 30*time.Millisecond {
			t.Errorf("the RTT is %v", c.conn.timers.rtt)
		}
		c.receive(pong) // once more, unasked
		if c.conn.timers.rtt != 30*time.Millisecond {
			t.Error("a pong that nobody asked for counts")
		}
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
	c.expect(socket.Close)
	if got := c.closed(); got["code"] != 1011.0 || got["initiator"] != "server" || got["clean"] != false {
		t.Errorf("the log says %v", got)
	}
}

// TestWhoSendsIsNotGone: a pong may wait behind a large frame, and another pong is not
// the answer.
func TestWhoSendsIsNotGone(t *testing.T) {
	c := newConnTest(t, nil).open()
	c.wakeAt(25 * time.Second)
	c.sent = nil
	c.at(40 * time.Second)
	c.receive(wstest.Frame(0x8a, string(binary.BigEndian.AppendUint64(nil, 7))))
	if c.conn.timers.rtt != 0 {
		t.Error("another pong was taken for the answer")
	}
	c.wakeAt(50 * time.Second)
	pongFor(t, c.sent) // the next ping
	c.sent = nil
	c.wakeAt(60 * time.Second) // 20 s after the last byte
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

func TestNoTimersNoWake(t *testing.T) {
	c := newConnTest(t, func(c *settings) { c.PingInterval = 0 }).open()
	if c.wake != 0 {
		t.Errorf("wants to be woken at %v", c.wake)
	}
}

func TestIdleTimeoutCountsDataAlone(t *testing.T) {
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
		t.Errorf("the log says %v", got)
	}
}

// TestLingering_Section7_1_1: after the last byte the connection is read until the client
// ends it, or is silent for a second, or for CLOSE_TIMEOUT in all.
func TestLingering_Section7_1_1(t *testing.T) {
	finished := func() *connTest {
		c := newConnTest(t, nil).open()
		c.receive(wstest.Frame(0x88, ""))
		c.expect(socket.ShutDown, "\x88\x00")
		return c
	}
	silent := finished()
	silent.wakeAt(time.Second)
	silent.expect(socket.Close)

	flooding := finished()
	for i := range 9 {
		flooding.at(time.Duration(i+1) * 500 * time.Millisecond)
		flooding.receive([]byte("flood"))
		flooding.expect(socket.Read)
	}
	flooding.wakeAt(5 * time.Second)
	flooding.expect(socket.Close)
	if got := flooding.closed(); got["clean"] != true || got["code"] != 1005.0 {
		t.Errorf("the log says %v", got)
	}
}

func TestDrainOfOneConnection(t *testing.T) {
	begin := func(c *connTest, at time.Duration) {
		c.at(at)
		c.drain()
	}
	t.Run("an open one is told at its moment, and answers", func(t *testing.T) {
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
	t.Run("a dead one is cut after CLOSE_TIMEOUT", func(t *testing.T) {
		c := newConnTest(t, func(c *settings) { c.DrainSpread = 0 }).open()
		begin(c, 7*time.Second)
		c.expect(socket.Read, "\x88\x1d\x03\xe9the server is shutting down")
		c.wakeAt(12 * time.Second)
		c.expect(socket.Close)
		if got, want := c.server.Admission.Tally(), (Tally{Total: 1, Cut: 1}); got != want {
			t.Errorf("the tally is %+v, want %+v", got, want)
		}
	})
	t.Run("one that is closing already goes on", func(t *testing.T) {
		c := newConnTest(t, nil).open()
		c.receive(wstest.Frame(0x81, "bye"))
		c.sent = nil
		begin(c, time.Second)
		c.expect(socket.Read)
		c.receive(wstest.Frame(0x88, "\x03\xe8"))
		c.expect(socket.ShutDown)
	})
	t.Run("a new upgrade is refused", func(t *testing.T) {
		c := newConnTest(t, nil)
		begin(c, time.Second)
		c.receive([]byte(wstest.Request()))
		got := string(c.sent)
		for _, want := range []string{"HTTP/1.1 503 ", "\r\nConnection: close\r\n", "\r\nRetry-After: 1\r\n", "shutting down"} {
			if !strings.Contains(got, want) {
				t.Errorf("sent %q, which has no %q", got, want)
			}
		}
	})
}

func TestConnectionsOverTheLimitAreRefused(t *testing.T) {
	c := newConnTest(t, func(c *settings) { c.MaxConnections = 1 }).open()
	second := c.another()
	second.receive([]byte(wstest.Request()))
	if got := string(second.sent); !strings.HasPrefix(got, "HTTP/1.1 503 ") || !strings.Contains(got, "MAX_CONNECTIONS=1;") || !strings.Contains(got, "Retry-After: 5\r\n") {
		t.Errorf("sent %q", got)
	}
	c.receive(wstest.Frame(0x88, ""))
	c.do(c.conn.EndOfInput(c.now))
	c.another().open()
}

// TestTimeOfWritingIsNotHeldAgainstTheClient: while the server waits for a slow reader it
// does not read, and what the client has sent in time is read late.
func TestTimeOfWritingIsNotHeldAgainstTheClient(t *testing.T) {
	t.Run("the pong", func(t *testing.T) {
		c := newConnTest(t, nil).open()
		c.wakeAt(25 * time.Second)
		pong := pongFor(t, c.sent)
		c.at(26 * time.Second)
		c.writing = 30 * time.Second
		c.receive(wstest.Frame(0x81, "slow"))
		if c.wake != beginning.Add(50*time.Second) { // the next ping
			t.Errorf("wants to be woken at %v", c.wake.Sub(beginning))
		}
		c.writing, c.sent = 0, nil
		c.do(c.conn.Wake(c.now, nil))
		next := pongFor(t, c.sent)
		c.receive(pong)
		if c.conn.timers.missing != c.now || c.conn.timers.rtt != 31*time.Second {
			t.Errorf("the ping of %v is missing, the RTT is %v", c.conn.timers.missing.Sub(beginning), c.conn.timers.rtt)
		}
		c.receive(next)
		if c.conn.timers.missing != 0 {
			t.Error("the second pong was not taken")
		}
	})
	t.Run("idle", func(t *testing.T) {
		c := newConnTest(t, func(c *settings) { c.PingInterval, c.IdleTimeout = 0, time.Minute }).open()
		c.writing = 2 * time.Minute
		c.receive(wstest.Frame(0x81, "slow"))
		c.writing, c.sent = 0, nil
		c.wakeAt(3 * time.Minute)
	})
	t.Run("the closing handshake", func(t *testing.T) {
		c := newConnTest(t, nil).open()
		c.writing = 20 * time.Second
		c.receive(wstest.Frame(0x81, "bye"))
		c.writing, c.sent = 0, nil
		c.wakeAt(25 * time.Second)
		c.expect(socket.Close)
	})
	t.Run("lingering", func(t *testing.T) {
		c := newConnTest(t, nil).open()
		c.writing = 20 * time.Second
		c.receive(wstest.Frame(0x88, ""))
		c.writing, c.sent = 0, nil
		c.wakeAt(21 * time.Second)
		c.expect(socket.Close)
	})
}

// TestPartOfAFrameIsNotIdle: a message that takes longer than IDLE_TIMEOUT to arrive.
func TestPartOfAFrameIsNotIdle(t *testing.T) {
	c := newConnTest(t, func(c *settings) { c.PingInterval, c.IdleTimeout = 0, time.Minute }).open()
	for i, b := range wstest.Frame(0x81, "slow") {
		c.at(time.Duration(i) * 50 * time.Second)
		c.receive([]byte{b})
	}
	c.expect(socket.Read, "\x81\x04slow")
}

// TestUnsentCloseFrameIsNotClean: the client has closed, but never read the answer.
func TestUnsentCloseFrameIsNotClean(t *testing.T) {
	c := newConnTest(t, nil).open()
	mem := append(make([]byte, wsproto.Headroom), wstest.Frame(0x88, "\x03\xe8")...)
	c.conn.Receive(c.now, mem, wsproto.Headroom, len(mem)) // not flushed
	c.conn.Closed(c.now, socket.ErrWriteTimeout)
	if got := c.closed(); got["clean"] != false || got["cause"] != socket.ErrWriteTimeout.Error() || got["initiator"] != "client" {
		t.Errorf("the log says %v", got)
	}
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
	if got := c.server.Admission.Draining(); got != beginning.Add(time.Second) {
		t.Errorf("the drain began at %v", got.Sub(beginning))
	}
}
