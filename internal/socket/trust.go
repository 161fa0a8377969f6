package socket

const (
	// shownBytes is how much a peer's TCP must have acknowledged until the peer counts as
	// one that reads. A Linux system takes 128 KiB for an application that never does.
	shownBytes = 256 << 10
	// stalledReceive is what the receive buffer of a peer is limited to that has shown
	// nothing, while it does not take an answer. Until then it has not sent much more, so
	// nothing is dropped unless it goes on sending.
	stalledReceive = 128 << 10
	// lingerReceive is the receive buffer of a connection whose input is discarded.
	lingerReceive = 32 << 10
	// mostUnsent is where doubling firstUnsent ends.
	mostUnsent = 512 << 10
)

// trust is what a peer has shown about its reading: the bytes that were received from it, or
// minus the number of steps once it has shown that it reads. Until then, the kernel buffers
// little for it in either direction, so that many peers that never read hold little
// together. It is one number because idle connections are many.
type trust int32

// shown reports whether the peer has shown that it reads.
func (t trust) shown() bool { return t < 0 }

// received notes n bytes. unsent returns what the peer's TCP has not acknowledged. It
// reports whether the peer has now shown that it reads, since its echo was taken.
func (t *trust) received(n int, unsent func() int32) bool {
	if t.shown() {
		return false
	}
	*t = min(*t+trust(n), mostUnsent)
	if *t < shownBytes || int32(*t)-unsent() < shownBytes {
		return false
	}
	*t = -1
	return true
}

// flushed notes that the peer has taken what did not fit at first. It returns how many bytes
// the socket may take from now on beyond the peer's window, or 0 for as many as before.
func (t *trust) flushed() (unsent int) {
	if !t.shown() || firstUnsent<<(-*t-1) >= mostUnsent {
		return 0
	}
	*t--
	return firstUnsent << (-*t - 1)
}
