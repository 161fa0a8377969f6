package wsconn

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/clientaddr"
	"github.com/echosvc/echosvc/internal/query"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// Reasons for refusing a handshake, in addition to those of package wsproto.
const (
	ReasonFull     wsproto.Reason = "full"
	ReasonDraining wsproto.Reason = "draining"
	ReasonRefuse   wsproto.Reason = "refuse" // the control of that name
	ReasonTimeout  wsproto.Reason = "timeout"
	ReasonMemory   wsproto.Reason = "memory"
)

// Reasons returns the reasons for refusing a handshake, those of other packages included.
func Reasons() []wsproto.Reason {
	return append(wsproto.Reasons(), query.ReasonControl, clientaddr.ReasonProxyProtocol,
		ReasonFull, ReasonDraining, ReasonRefuse, ReasonTimeout, ReasonMemory)
}

// Admission counts the open WebSockets and decides whether another one is admitted. It
// also holds the phase of the drain. Its methods may be called from any goroutine.
type Admission struct {
	limit   int             // connections; 0 means no limit
	reason  string          // who set the limit, for clients; may be empty
	account *budget.Account // of memory
	jitter  func() float64  // returns a number from 0 to 1

	mu        sync.Mutex
	open      int
	phase     phase
	rehearsal bool           // the phase is that of a rehearsal, see rehearsal.go
	ending    bool           // the process is about to end
	unready   bool           // readiness checks fail because an operator wants that
	begun     socket.Instant // when the drain began to close connections
	start     socket.Instant // connections close within spread after start
	spread    time.Duration
	tally     Tally         // of the present drain, or of the last one
	before    Tally         // of all drains before that
	empty     chan struct{} // made when a drain begins, closed once no connection is open
	drains    chan struct{} // closed by Drain
}

// phase is a phase of the process, from start to drain.
type phase uint8

const (
	serving  phase = iota
	notReady       // readiness checks fail; connections are still admitted
	draining       // open connections are closed; none is admitted
)

// Tally counts the connections that a drain ends. Once none is open, Total equals Clean
// plus Cut.
type Tally struct {
	Total int // open when the drain began
	Clean int // ended with a close frame from each side, or with the server's for a reason other than the drain
	Cut   int // ended otherwise
}

// NewAdmission returns an Admission for at most limit connections at a time; 0 means no limit.
// limitedBy is what set the limit, or "" if the operator did. No connection is admitted while the
// account is at [budget.Refuse]. jitter returns random numbers from 0 to 1.
func NewAdmission(limit int, limitedBy string, account *budget.Account, jitter func() float64) *Admission {
	a := &Admission{limit: limit, account: account, jitter: jitter, drains: make(chan struct{})}
	if limitedBy != "" {
		a.reason = ", which is what " + limitedBy + " allows"
	}
	return a
}

// admit admits a connection, or returns why it is refused.
func (a *Admission) admit() *wsproto.HandshakeError {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.phase == draining:
		return unavailable(ReasonDraining, 1, "this server is shutting down; connect again to reach another")
	case a.limit > 0 && a.open >= a.limit:
		return unavailable(ReasonFull, 5, "this server has reached MAX_CONNECTIONS=%d%s; try again later", a.limit, a.reason)
	case a.account.Pressure() >= budget.Refuse:
		return outOfMemory(a.account)
	}
	a.open++
	return nil
}

// outOfMemory returns the refusal of a server that is close to its MEMORY_LIMIT.
func outOfMemory(a *budget.Account) *wsproto.HandshakeError {
	return unavailable(ReasonMemory, 5, memoryReason, a.Limit())
}

// memoryReason is a format for the limit. It is short enough for a close frame.
const memoryReason = "this server is close to its MEMORY_LIMIT of %d bytes; try again later"

// unavailable returns a 503 that asks the client to retry after a number of seconds.
func unavailable(reason wsproto.Reason, retryAfter int, format string, args ...any) *wsproto.HandshakeError {
	e := wsproto.Refuse(http.StatusServiceUnavailable, reason, format, args...)
	e.Fields = []wsproto.Field{{Name: "Retry-After", Value: strconv.Itoa(retryAfter)}}
	return e
}

// leave records that an admitted connection has ended. During a drain, one that is not clean
// counts as cut.
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

// StopAdvertising makes Ready report false, until the process ends. Connections are still
// admitted, because load balancers need a moment to notice.
func (a *Admission) StopAdvertising() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ending = true
	a.phase = max(a.phase, notReady)
}

// Drain stops admitting connections and closes the open ones at random instants within
// spread. A later call brings these instants forward. The channel is closed once no
// connection is open.
func (a *Admission) Drain(now socket.Instant, spread time.Duration) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.phase == draining && !a.rehearsal {
		a.start, a.spread = now, spread
		return a.empty
	}
	a.ending, a.rehearsal = true, false
	close(a.drains)
	return a.beginDrain(now, spread)
}

// beginDrain begins a drain. The caller holds a.mu.
func (a *Admission) beginDrain(now socket.Instant, spread time.Duration) <-chan struct{} {
	a.phase, a.begun = draining, now
	a.start, a.spread = now, spread
	a.before.Clean += a.tally.Clean
	a.before.Cut += a.tally.Cut
	a.tally = Tally{Total: a.open}
	a.empty = make(chan struct{})
	if a.open == 0 {
		close(a.empty)
	}
	return a.empty
}

// Draining returns a channel that is closed when Drain is called.
func (a *Admission) Draining() <-chan struct{} { return a.drains }

// closeAt returns when to close a connection with 1001: at planned, if that is set and within the
// spread of the drain, and otherwise at a random instant within it. It returns never if no
// drain has begun, or if it was taken back.
func (a *Admission) closeAt(planned socket.Instant) socket.Instant {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.phase != draining:
		return 0
	case planned >= a.start && planned <= a.start.Add(a.spread): // not of an earlier drain
		return planned
	}
	return a.start.Add(time.Duration(a.jitter() * float64(a.spread)))
}

// Ready reports whether load balancers should send new connections.
func (a *Admission) Ready() bool { return a.Unready() == "" }

// Unready returns why load balancers should send no new connections, or "".
func (a *Admission) Unready() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.phase != serving:
		return "draining"
	case a.unready:
		return "POST /readyz?ready=false"
	}
	return ""
}

// SetReady(false) makes Ready report false in every phase, until SetReady(true).
func (a *Admission) SetReady(ready bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.unready = !ready
}

// DrainStarted returns when the drain began to close connections, or never if it has not.
func (a *Admission) DrainStarted() socket.Instant {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.begun
}

// Limit returns how many connections are admitted at a time; 0 means no limit.
func (a *Admission) Limit() int { return a.limit }

// Open returns how many connections are open.
func (a *Admission) Open() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.open
}

// Tally returns the counts of the present drain so far, or of the last one.
func (a *Admission) Tally() Tally {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.tally
}

// Drained returns how many connections have ended in all drains, rehearsals too.
func (a *Admission) Drained() (clean, cut int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.before.Clean + a.tally.Clean, a.before.Cut + a.tally.Cut
}
