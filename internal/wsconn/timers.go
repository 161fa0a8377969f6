package wsconn

import (
	"encoding/binary"
	"time"

	"github.com/echosvc/echosvc/internal/socket"
)

// lingerQuiet is how long a finished connection waits for a client that sends nothing:
// long enough for what is still in flight.
const lingerQuiet = time.Second

// timers are the instants that a connection acts on. None of them is a timer of its own:
// the earliest is when the driver wakes the connection, and an early wake does nothing.
type timers struct {
	opened   socket.Instant // the TCP connection was accepted
	received socket.Instant // bytes last arrived, or could have: after a write
	data     socket.Instant // data last arrived, or its echo was sent
	deadline socket.Instant // the end of every stage but open; 0 until the stage's first bytes are sent
	nextPing socket.Instant
	pinged   socket.Instant // the last ping was sent
	missing  socket.Instant // the first unanswered ping was sent; never if none is
	drain    socket.Instant // when the drain closes this connection
	rtt      time.Duration  // of the last answered ping
}

// open starts the timers of an open WebSocket.
func (t *timers) open(now socket.Instant, pingInterval time.Duration) {
	t.data = now
	if pingInterval > 0 {
		t.nextPing = now.Add(pingInterval)
	}
}

// startStage lets the deadline of the new stage begin when its first bytes have been sent.
func (t *timers) startStage() { t.deadline = 0 }

// flushed notes that everything has been sent. While the server writes it does not read,
// so that time must not count against the client. echoed means that data was among it. A
// stage without a deadline gets one.
func (t *timers) flushed(now socket.Instant, timeout time.Duration, echoed bool) {
	if t.deadline == 0 {
		t.deadline = now.Add(timeout)
		t.received = now
	}
	if echoed {
		t.received, t.data = now, now
	}
}

// ping notes a ping and returns its payload: the instant at which it was sent.
func (t *timers) ping(now socket.Instant, interval time.Duration) []byte {
	t.nextPing = now.Add(interval)
	t.pinged = now
	if t.missing == 0 {
		t.missing = now
	}
	return binary.BigEndian.AppendUint64(nil, uint64(now))
}

// pong takes the answer to a ping (RFC 6455 section 5.5.3). ok is false for an unsolicited
// pong.
func (t *timers) pong(now socket.Instant, payload []byte) (rtt time.Duration, ok bool) {
	if t.missing == 0 || len(payload) != 8 {
		return 0, false
	}
	sent := socket.Instant(binary.BigEndian.Uint64(payload))
	if sent < t.missing || sent > t.pinged {
		return 0, false
	}
	t.rtt = now.Sub(sent)
	t.missing = 0
	if sent < t.pinged {
		t.missing = t.pinged
	}
	return t.rtt, true
}

// pongDeadline returns when an unanswered ping means that the client is gone. A client
// that sends anything is not: its pong may be queued behind a large frame.
func (t *timers) pongDeadline(timeout time.Duration) socket.Instant {
	if t.missing == 0 || timeout == 0 {
		return 0
	}
	return max(t.missing, t.received).Add(timeout)
}

// idleDeadline returns when a connection without data messages is closed.
func (t *timers) idleDeadline(timeout time.Duration) socket.Instant {
	if timeout == 0 {
		return 0
	}
	return t.data.Add(timeout)
}

// lingerDeadline returns when a lingering connection is closed.
func (t *timers) lingerDeadline() socket.Instant {
	return min(t.deadline, t.received.Add(lingerQuiet))
}
