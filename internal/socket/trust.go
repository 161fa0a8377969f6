package socket

import (
	"time"

	"github.com/echosvc/echosvc/internal/budget"
)

const (
	// unsent is how many bytes a socket takes beyond what the peer's window allows. A
	// client that sends a whole message before it reads needs room for the answer.
	unsent = 512 << 10
	// frozenUnsent and frozenReceive take the place of unsent and of the receive buffer
	// while memory is short, see trust.freezes.
	frozenUnsent  = 16 << 10
	frozenReceive = 128 << 10
	// lingerReceive is the receive buffer of a connection whose input is discarded.
	lingerReceive = 32 << 10

	// shownBytes is how much a peer's TCP must have acknowledged until the peer counts as
	// one that reads. A Linux system takes 128 KiB for an application that never does.
	shownBytes = 256 << 10
	// trustStall is how long a peer's TCP may acknowledge nothing of what was sent until the
	// peer has to show again that it reads.
	trustStall = time.Second
)

// trust is what a peer has shown about its reading: the bytes that were sent to it, or
// -1 once it has shown that it reads. It is one number because idle connections are many.
type trust int32

// shown reports whether the peer has shown that it reads.
func (t trust) shown() bool { return t < 0 }

// sent notes n bytes. pending returns what the peer's TCP has not acknowledged. It reports
// whether the peer has now shown that it reads.
func (t *trust) sent(n int, pending func() int32) bool {
	if n == 0 || t.shown() {
		return false
	}
	*t = min(*t+trust(n), 1<<30)
	if *t < shownBytes || int32(*t)-pending() < shownBytes {
		return false
	}
	*t = -1
	return true
}

// freezes reports whether the kernel may hold only little for the peer at a level of memory.
func (t trust) freezes(level budget.Level) bool {
	return level >= budget.Refuse || level > budget.None && !t.shown()
}

// unmeasuredBytes is how much may be sent to a peer until its socket is measured again:
// less to one that has not shown that it reads, since all of it may pile up.
func (t trust) unmeasuredBytes() int32 {
	if t.shown() {
		return 64 << 10
	}
	return 16 << 10
}

// taking is what was last seen of a peer that takes what it is sent.
type taking struct {
	since      Instant // when the peer was last seen to take something, or to have taken all
	unread     int32   // bytes that its TCP had not acknowledged when last looked at
	unmeasured int32   // bytes that were sent since then
}

// begin forgets what was seen, so that the next look is the first.
func (t *taking) begin() { t.unread, t.unmeasured = 0, 0 }

// sent notes n bytes.
func (t *taking) sent(n int) { t.unmeasured = min(t.unmeasured+int32(n), 1<<30) }

// look notes that the peer's TCP has not acknowledged that many bytes.
func (t *taking) look(now Instant, unread int32) {
	if unread == 0 || t.unread == 0 || unread < t.unread+t.unmeasured {
		t.since = now
	}
	t.unread, t.unmeasured = unread, 0
}

// stalled reports whether a peer with bytes to take has taken none for trustStall.
func (t *taking) stalled(now Instant) bool {
	return t.unread > 0 && now.Sub(t.since) >= trustStall
}
