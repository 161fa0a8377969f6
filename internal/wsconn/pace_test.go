package wsconn

import (
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wstest"
)

// TestPace: 200 messages at once after a quiet time, then one every half millisecond, in the
// order of the calls.
func TestPace(t *testing.T) {
	var p Pace
	for _, start := range []socket.Instant{beginning, beginning.Add(time.Hour)} {
		for i := range 201 { // the first of them is paceBurst ago
			if at := p.reserve(start); at != start {
				t.Fatalf("message %d is sent after %v", i, at.Sub(start))
			}
		}
		for i := range 1000 {
			if at := p.reserve(start); at != start.Add(time.Duration(i+1)*paceInterval) {
				t.Fatalf("message %d is sent after %v", 201+i, at.Sub(start))
			}
		}
	}
}

// TestUnaskedMessagesArePaced: connections that together want 10,000 messages and pings a second
// get 2,000, each about as many as any other. A keep-alive ping is not delayed.
func TestUnaskedMessagesArePaced(t *testing.T) {
	const conns = 100
	keepAlive := newConnTest(t, func(s *settings) { s.PingInterval = time.Second }).open()
	var all []*connTest
	for i := range conns {
		query := "every=10ms&ping=0"
		if i%2 == 0 {
			query = "ping=10ms"
		}
		c := keepAlive.another()
		c.receive([]byte(upgrade(query)))
		c.sent = nil
		all = append(all, c)
	}
	const seconds = 2
	end := beginning.Add(seconds * time.Second)
	for {
		next := all[0]
		for _, c := range all {
			if c.wake < next.wake {
				next = c
			}
		}
		if next.wake > end {
			break
		}
		next.now = next.wake
		next.do(next.conn.Wake(next.now, nil))
		if next.wake <= next.now {
			t.Fatal("wants to be woken again at once")
		}
	}
	keepAlive.wakeAt(time.Second)
	if ping := wstest.ReadFrames(t, keepAlive.sent); len(ping) != 1 || ping[0].First != 0x89 {
		t.Errorf("the keep-alive sent %v", ping)
	}
	sum := 0
	for _, c := range all {
		n := len(wstest.ReadFrames(t, c.sent))
		if n < 30 || n > 60 {
			t.Errorf("a connection got %d messages", n)
		}
		sum += n
	}
	if sum < 4000 || sum > 4201 {
		t.Errorf("%d messages in %d seconds", sum, seconds)
	}
}

// TestPacedMessagesAreNumberedOnce: a message that the pace delays keeps its number.
func TestPacedMessagesAreNumberedOnce(t *testing.T) {
	c := opened(t, "every=10ms&ping=0")
	for range 201 + 100 { // 50 ms of others' messages, from when the first is due
		c.server.Pace.reserve(beginning.Add(10 * time.Millisecond))
	}
	c.wakeAt(10 * time.Millisecond)
	c.expect(socket.Read)
	c.wakeAt(60*time.Millisecond + paceInterval)
	c.expect(socket.Read, "\x81\x011")
	c.wakeAt(70*time.Millisecond + paceInterval)
	c.expect(socket.Read, "\x81\x012")
}

// TestClosedConnectionsGiveBackTheirInstants: clients that leave before their messages are
// sent delay no others.
func TestClosedConnectionsGiveBackTheirInstants(t *testing.T) {
	c := opened(t, "every=10ms&ping=10ms")
	first := beginning.Add(10 * time.Millisecond)
	for range 201 {
		c.server.Pace.reserve(first)
	}
	for range 5000 { // 5 s of messages and pings
		left := c.another()
		left.receive([]byte(upgrade("every=10ms&ping=10ms")))
		left.wakeAt(10 * time.Millisecond)
		left.conn.Closed(left.now, nil)
	}
	if at := c.server.Pace.reserve(first); at != first.Add(paceInterval) {
		t.Errorf("the next message is sent after %v", at.Sub(first))
	}
}
