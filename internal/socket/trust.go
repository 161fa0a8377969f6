package socket

const (
	// unsent is how many bytes a socket takes beyond what the peer's window allows. A
	// client that sends a whole message before it reads needs room for the answer.
	unsent = 512 << 10
	// frozenUnsent and frozenReceive take the place of unsent and of the receive buffer
	// while memory is short and the peer has not shown that it reads.
	frozenUnsent  = 16 << 10
	frozenReceive = 128 << 10
	// lingerReceive is the receive buffer of a connection whose input is discarded.
	lingerReceive = 32 << 10

	// shownBytes is how much a peer's TCP must have acknowledged until the peer counts as
	// one that reads. A Linux system takes 128 KiB for an application that never does.
	shownBytes = 256 << 10
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
