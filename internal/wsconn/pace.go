package wsconn

import (
	"sync/atomic"
	"time"

	"github.com/echosvc/echosvc/internal/socket"
)

const (
	// paceInterval is the time between two messages of a Pace: 2,000 a second.
	paceInterval = time.Second / 2000
	// paceBurst is how far a Pace may be ahead after a quiet time: 200 messages at once.
	paceBurst = 100 * time.Millisecond
)

// Pace limits how many messages and pings a process sends because of the controls every and
// ping, on all connections together. Each of them costs the client nothing, so without a
// limit a few hundred requests could keep a core busy forever. The keep-alive pings of
// PING_INTERVAL are not counted. The zero value is ready to use.
type Pace struct {
	next atomic.Int64 // a socket.Instant: when the message after the last one may be sent
}

// reserve returns the instant, now or later, at which one message may be sent. Messages get
// their instants in the order of the calls. It may be called from any goroutine.
func (p *Pace) reserve(now socket.Instant) socket.Instant {
	for {
		next := p.next.Load()
		at := max(next, int64(now.Add(-paceBurst)))
		if p.next.CompareAndSwap(next, at+int64(paceInterval)) {
			return max(socket.Instant(at), now)
		}
	}
}

// release gives back an instant that a connection reserved and has not used. Without it, clients
// that leave before their instant would delay the others more and more.
func (p *Pace) release() { p.next.Add(-int64(paceInterval)) }

// paced is the place of one connection in a Pace.
type paced struct {
	reserved bool // for the message that is next
}

// mayBeSent reports whether a message that is due at *at may be sent now. If it is due but may
// not, mayBeSent sets *at to the instant when it may.
func (p *paced) mayBeSent(pace *Pace, now socket.Instant, at *socket.Instant) bool {
	switch {
	case !at.Reached(now):
		return false
	case p.reserved:
		p.reserved = false
		return true
	}
	if slot := pace.reserve(now); slot > now {
		*at, p.reserved = slot, true
		return false
	}
	return true
}

// release gives the place back at the end of the connection.
func (p *paced) release(pace *Pace) {
	if p.reserved {
		p.reserved = false
		pace.release()
	}
}
