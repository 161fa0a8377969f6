package wsconn

import (
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wstest"
)

// TestTimeoutsExcludeWriting: the server does not read while it writes, so it reads late what
// a slow reader has sent in time.
func TestTimeoutsExcludeWriting(t *testing.T) {
	t.Run("PONG_TIMEOUT", func(t *testing.T) {
		c := newConnTest(t, nil).open()
		c.wakeAt(25 * time.Second)
		pong := pongFor(t, c.sent)
		c.at(26 * time.Second)
		c.writing = 30 * time.Second
		c.receive(wstest.Frame(0x81, "slow"))
		if c.wake != beginning.Add(50*time.Second) { // the next ping
			t.Errorf("NextWake returns %v", c.wake.Sub(beginning))
		}
		c.writing, c.sent = 0, nil
		c.do(c.conn.Wake(c.now, nil))
		next := pongFor(t, c.sent)
		c.receive(pong)
		if c.conn.timers.missing != c.now || c.conn.rtt.duration() != 31*time.Second {
			t.Errorf("the ping of %v is unanswered, the RTT is %v", c.conn.timers.missing.Sub(beginning), c.conn.rtt.duration())
		}
		c.receive(next)
		if c.conn.timers.missing != 0 {
			t.Error("the second pong was ignored")
		}
	})
	t.Run("IDLE_TIMEOUT", func(t *testing.T) {
		c := newConnTest(t, func(c *settings) { c.PingInterval, c.IdleTimeout = 0, time.Minute }).open()
		c.writing = 2 * time.Minute
		c.receive(wstest.Frame(0x81, "slow"))
		c.writing, c.sent = 0, nil
		c.wakeAt(3 * time.Minute)
	})
	t.Run("CLOSE_TIMEOUT", func(t *testing.T) {
		c := newConnTest(t, nil).open()
		c.writing = 20 * time.Second
		c.receive(wstest.Frame(0x81, "bye"))
		c.writing, c.sent = 0, nil
		c.wakeAt(25 * time.Second)
		c.expect(socket.ShutDown)
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

// TestPingsShareInstants: each is a little early or late. One that is sent a little late does not
// delay the next.
func TestPingsShareInstants(t *testing.T) {
	for _, test := range []struct {
		interval, step time.Duration
	}{
		{25 * time.Second, 100 * time.Millisecond},
		{time.Second, 100 * time.Millisecond},
		{100 * time.Millisecond, 10 * time.Millisecond},
		{time.Millisecond, 100 * time.Microsecond},
		{time.Nanosecond, 1},
	} {
		for _, after := range []time.Duration{0, 1, test.step / 2, test.step - 1, test.step} {
			due := beginning.Add(after).Add(test.interval)
			got := pingAt(beginning.Add(after), test.interval)
			if off := got.Sub(due); off < -test.step/2 || off > test.step/2 || got%socket.Instant(test.step) != 0 {
				t.Errorf("%v after %v: %v late", test.interval, after, off)
			}
		}
		if got := pingAt(beginning.Add(test.step/3), test.interval); got != beginning.Add(test.interval) {
			t.Errorf("%v after a ping that was late: %v late", test.interval, got.Sub(beginning.Add(test.interval)))
		}
	}
}
