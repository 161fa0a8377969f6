package wsconn

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// Reasons for refusing a handshake beside those of wsproto.
const (
	ReasonFull     wsproto.Reason = "full"
	ReasonDraining wsproto.Reason = "draining"
	ReasonControl  wsproto.Reason = "control"
	ReasonTimeout  wsproto.Reason = "timeout"
	ReasonMemory   wsproto.Reason = "memory"
)

// Admission counts the open WebSockets and decides whether one more is admitted. It is
// the one place that knows how far a drain has come. Its methods may be called from any
// goroutine.
type Admission struct {
	limit   int             // connections; 0 means no limit
	account *budget.Account // of memory; may be nil
	jitter  func() float64  // returns a number from 0 to 1

	mu     sync.Mutex
	open   int
	phase  phase
	start  socket.Instant // when the drain began to close connections
	spread time.Duration
	tally  Tally
	empty  chan struct{} // closed when the drain has begun and no connection is open
}

// phase is how far a drain has come.
type phase uint8

const (
	serving  phase = iota
	notReady       // load balancers are told; connections are admitted
	draining       // connections are closed; none is admitted
)

// Tally counts the connections of a drain. When none is open any more, Total is Clean
// plus Cut.
type Tally struct {
	Total int // open when the drain began
	Clean int // ended with close frames both ways
	Cut   int // ended otherwise
}

// NewAdmission returns an Admission for at most limit connections at a time; 0 means no
// limit. None is admitted while the account is at [budget.Refuse]. jitter returns random
// numbers from 0 to 1.
func NewAdmission(limit int, account *budget.Account, jitter func() float64) *Admission {
	return &Admission{limit: limit, account: account, jitter: jitter}
}

// admit counts a connection in, or returns why it is refused.
func (a *Admission) admit() *wsproto.HandshakeError {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.phase == draining:
		return unavailable(ReasonDraining, "this server is shutting down; connect again to reach another", 1)
	case a.limit > 0 && a.open >= a.limit:
		return unavailable(ReasonFull, fmt.Sprintf("this server has reached MAX_CONNECTIONS=%d; try again later", a.limit), 5)
	case a.account.Pressure() >= budget.Refuse:
		return outOfMemory(a.account)
	}
	a.open++
	return nil
}

// outOfMemory returns the refusal of a server that is close to its MEMORY_LIMIT.
func outOfMemory(a *budget.Account) *wsproto.HandshakeError {
	return unavailable(ReasonMemory, memoryReason(a), 5)
}

// memoryReason is short enough for a close frame.
func memoryReason(a *budget.Account) string {
	return fmt.Sprintf("this server is close to its MEMORY_LIMIT of %d bytes; try again later", a.Limit())
}

// unavailable returns the refusal of a handshake that may be tried again after a number of
// seconds.
func unavailable(reason wsproto.Reason, text string, retryAfter int) *wsproto.HandshakeError {
	return &wsproto.HandshakeError{
		Status: http.StatusServiceUnavailable, Reason: reason, Text: text,
		Fields: []wsproto.Field{{Name: "Retry-After", Value: strconv.Itoa(retryAfter)}},
	}
}

// leave counts an admitted connection out.
func (a *Admission) leave(clean bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open--
	if a.phase != draining {
		return
	}
	if clean {
		a.tally.Clean++
	} else {
		a.tally.Cut++
	}
	if a.open == 0 {
		close(a.empty)
	}
}

// StopAdvertising makes Ready report false. Connections are still admitted, since load
// balancers need a moment to notice.
func (a *Admission) StopAdvertising() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.phase = max(a.phase, notReady)
}

// Drain admits no more connections and gives each open one an instant within spread at
// which to close. The channel is closed when none is open any more.
func (a *Admission) Drain(now socket.Instant, spread time.Duration) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.phase, a.start, a.spread = draining, now, spread
	a.tally.Total = a.open
	a.empty = make(chan struct{})
	if a.open == 0 {
		close(a.empty)
	}
	return a.empty
}

// closeAt returns a random instant within the spread of the drain, or never when there is
// no drain.
func (a *Admission) closeAt() socket.Instant {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.phase != draining {
		return 0
	}
	return a.start.Add(time.Duration(a.jitter() * float64(a.spread)))
}

// Ready reports whether the process wants new connections.
func (a *Admission) Ready() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.phase == serving
}

// Draining returns when the drain began to close connections, or never.
func (a *Admission) Draining() socket.Instant {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.start
}

// Limit returns how many connections are admitted at a time; 0 means no limit.
func (a *Admission) Limit() int { return a.limit }

// Open returns how many connections are open.
func (a *Admission) Open() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.open
}

// Tally returns the count of the drain so far.
func (a *Admission) Tally() Tally {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.tally
}
