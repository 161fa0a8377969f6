package wsconn

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/echosvc/echosvc/internal/socket"
)

// lingerQuiet is how long a lingering connection waits while its client sends nothing. It
// is long enough for bytes that are still in flight.
const lingerQuiet = time.Second

// timers are the instants at which a connection acts. They need no timers of the runtime:
// the driver wakes the connection at the earliest of them, and an early wake does nothing.
type timers struct {
	opened   socket.Instant // the TCP connection was accepted
	received socket.Instant // bytes last arrived, or a write that held up reading ended
	data     socket.Instant // data last arrived, or its echo was sent
	// deadline is when the drain closes an open connection; never without a drain. It is the
	// time limit of every other stage. Closing and lingering have none until their first bytes
	// are sent.
	deadline socket.Instant
	nextPing socket.Instant
	pinged   socket.Instant // the last ping was sent
	missing  socket.Instant // the ping whose pong is awaited was sent; never if all are answered
}

// microseconds is a time of up to 71 minutes in 4 bytes. Longer ones are cut to that.
type microseconds uint32

func toMicroseconds(d time.Duration) microseconds {
	return microseconds(min(d.Microseconds(), math.MaxUint32))
}

func (m microseconds) duration() time.Duration { return time.Duration(m) * time.Microsecond }

// open starts the timers of an open WebSocket.
func (t *timers) open(now socket.Instant, pingInterval time.Duration) {
	t.deadline = 0
	t.data = now
	if pingInterval > 0 {
		t.nextPing = pingAt(now, pingInterval)
	}
}

// pingStep is the time between the instants at which pings are sent, if intervals are long.
const pingStep = 100 * time.Millisecond

// pingAt returns when to send a ping that is due an interval after now. It is earlier or later by
// up to half of pingStep, or a 20th of a short interval, so that the pings of many connections
// share an instant: a wake-up costs more than a ping.
func pingAt(now socket.Instant, interval time.Duration) socket.Instant {
	step := socket.Instant(max(min(pingStep, interval/10), 1))
	return (now.Add(interval) + step/2) / step * step
}

// startStage clears the deadline. The new stage gets one when its first bytes have been
// sent.
func (t *timers) startStage() { t.deadline = 0 }

// flushed notes that everything has been sent. If the stage is not open and has no deadline, it
// gets one after timeout, which is CLOSE_TIMEOUT. echoed means that data was sent. The server does
// not read while it writes, so the time of a write must not count against the client.
func (t *timers) flushed(now socket.Instant, timeout time.Duration, open, echoed bool) {
	if t.deadline == 0 && !open {
		t.deadline = now.Add(timeout)
		t.received = now
	}
	if echoed {
		t.received, t.data = now, now
	}
}

// ping notes a ping and returns its payload: the instant at which it was sent.
func (t *timers) ping(now socket.Instant, interval time.Duration) []byte {
	t.nextPing = pingAt(now, interval)
	t.pinged = now
	if t.missing == 0 {
		t.missing = now
	}
	return binary.BigEndian.AppendUint64(nil, uint64(now))
}

// pong notes the answer to a ping. It also answers all earlier pings, since a client may answer
// only the most recent one (RFC 6455 section 5.5.3). ok is false for an unsolicited pong.
func (t *timers) pong(now socket.Instant, payload []byte) (rtt time.Duration, ok bool) {
	if t.missing == 0 || len(payload) != 8 {
		return 0, false
	}
	sent := socket.Instant(binary.BigEndian.Uint64(payload))
	if sent < t.missing || sent > t.pinged {
		return 0, false
	}
	t.missing = 0
	if sent < t.pinged {
		t.missing = t.pinged
	}
	return now.Sub(sent), true
}

// pongDeadline returns when an unanswered ping means that the client is gone. Any bytes
// from the client put it off, because its pong may be queued after a large frame.
func (t *timers) pongDeadline(timeout time.Duration) socket.Instant {
	if t.missing == 0 || timeout == 0 {
		return 0
	}
	return max(t.missing, t.received).Add(timeout)
}

// idleDeadline returns when the connection is closed if no data arrives until then.
func (t *timers) idleDeadline(timeout time.Duration) socket.Instant {
	if timeout == 0 {
		return 0
	}
	return t.data.Add(timeout)
}

// lingerDeadline returns when a lingering connection is closed: lingerQuiet after its last
// byte, but no later than the deadline.
func (t *timers) lingerDeadline() socket.Instant {
	return min(t.deadline, t.received.Add(lingerQuiet))
}
