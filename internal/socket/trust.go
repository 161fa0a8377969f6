package socket

const (
	// shownBytes is how much a peer's TCP must have acknowledged until the peer counts as
	// one that reads: more than the first window of a system that does not read at all.
	shownBytes = 96 << 10
	// mostUnsent is where doubling firstUnsent ends.
	mostUnsent = 512 << 10
)

// trust is what a peer has shown about its reading. Until it has shown anything, the kernel
// buffers little for it in either direction, so that many peers that never read hold little
// together. The zero value is that of a new connection.
type trust struct {
	seen  int32 // bytes received, until the peer has shown that it reads
	steps uint8 // 0 until then; afterwards one more than how often firstUnsent has doubled
}

// received notes n bytes. unsent returns what the peer's TCP has not acknowledged. It
// reports whether the peer has now shown that it reads, since its echo was taken.
func (t *trust) received(n int, unsent func() int32) bool {
	if t.steps > 0 {
		return false
	}
	if t.seen += int32(min(n, mostUnsent)); t.seen-unsent() < shownBytes {
		t.seen = min(t.seen, mostUnsent)
		return false
	}
	t.steps = 1
	return true
}

// flushed notes that the peer has taken what did not fit at first. It returns how many bytes
// the socket may take from now on beyond the peer's window, or 0 for as many as before.
func (t *trust) flushed() (unsent int) {
	if t.steps == 0 || firstUnsent<<(t.steps-1) >= mostUnsent {
		t.steps = max(t.steps, 1)
		return 0
	}
	t.steps++
	return firstUnsent << (t.steps - 1)
}
