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
	// one that reads. Linux takes 128 KiB for an application that never reads.
	shownBytes = 256 << 10
	// trustStall is how long a peer's TCP may acknowledge nothing of what was sent until the
	// peer has to show again that it reads.
	trustStall = time.Second

	// mostUnmeasured is how much may be sent to a peer that has shown that it reads until its
	// socket is measured again, and mostUnmeasuredAtFirst to any other. The latter is less, since
	// all of it may pile up.
	mostUnmeasured        = 64 << 10
	mostUnmeasuredAtFirst = 16 << 10
)

// trust is what a peer has shown about its reading: the bytes that were sent to it or, once
// it has shown that it reads, -1 minus those that were sent since [taking.look]. It is one
// number because idle connections are many.
type trust int32

// shown reports whether the peer has shown that it reads.
func (t trust) shown() bool { return t < 0 }

// sent notes n bytes. pending returns what the peer's TCP has not acknowledged. shown reports
// whether the peer has now shown that it reads, and due whether its socket is to be measured.
func (t *trust) sent(n int, pending func() int32) (shown, due bool) {
	before := *t
	switch {
	case before.shown():
		*t = max(before-trust(n), -1<<30)
		return false, t.unmeasured() >= mostUnmeasured
	case n == 0:
		return false, false
	}
	*t = min(before+trust(n), 1<<30)
	if *t >= shownBytes && int32(*t)-pending() >= shownBytes {
		*t = -1
		return true, false
	}
	return false, *t/mostUnmeasuredAtFirst > before/mostUnmeasuredAtFirst
}

// unmeasured returns how many bytes were sent since the last look at a peer that has shown that
// it reads.
func (t trust) unmeasured() int32 {
	if t.shown() {
		return int32(-1 - t)
	}
	return 0
}

// freezes reports whether the kernel may hold only little for the peer at a level of memory.
func (t trust) freezes(level budget.Level) bool {
	return level >= budget.Refuse || level > budget.None && !t.shown()
}

// unmeasuredBytes is how much may be sent to the peer until its socket is measured again.
func (t trust) unmeasuredBytes() int {
	if t.shown() {
		return mostUnmeasured
	}
	return mostUnmeasuredAtFirst
}

// taking is what was last seen of a peer that takes what it is sent.
type taking struct {
	since  Instant // when the peer was last seen to take something, or to have taken all
	unread int32   // bytes that its TCP had not acknowledged when last looked at
}

// begin forgets what was seen, so that the next look is the first.
func (t *taking) begin() { t.unread = 0 }

// look notes that the peer's TCP has not acknowledged that many bytes. trust is the peer's,
// which has what was sent since the last look.
func (t *taking) look(now Instant, unread int32, trust *trust) {
	if unread == 0 || t.unread == 0 || unread < t.unread+trust.unmeasured() {
		t.since = now
	}
	t.unread = unread
	if trust.shown() {
		*trust = -1
	}
}

// stalled reports whether a peer with bytes to take has taken none for trustStall.
func (t *taking) stalled(now Instant) bool {
	return t.unread > 0 && now.Sub(t.since) >= trustStall
}
