package socket

import "time"

const (
	// briefStep is the longest step of a TLS handshake that a loop takes itself. With a key of
	// P-256 or Ed25519, a step takes 0.2 ms; with RSA, 1.5 ms and more.
	briefStep = time.Millisecond
	// stepDoubt is how long a loop takes no steps after one that was longer. A client chooses the
	// group of the key exchange: P-384 takes 0.7 ms, with ML-KEM-1024 0.8 ms, and P-521 2.9 ms if it
	// is offered.
	stepDoubt = time.Second
)

// tlsSteps decides which steps of TLS handshakes a loop takes itself. A goroutine costs more: it
// has to be started, and to wake the loop when it is done. But the loop serves nobody during a
// step. So it takes one only if nobody else waits, and if the last one was brief. That says more
// than the kind of the key, since the group counts too.
type tlsSteps struct {
	brief bool    // the last step was
	doubt Instant // when the loop may take steps again after one that was not; never if none was
}

// took notes how long a step of a goroutine took.
func (s *tlsSteps) took(d time.Duration) { s.brief = d >= 0 && d <= briefStep }

// tookOwn notes how long a step of the loop took, in time of its thread. d may be negative if the
// loop has moved to another thread.
func (s *tlsSteps) tookOwn(d time.Duration, now Instant) {
	if s.took(d); !s.brief {
		s.doubt = now.Add(stepDoubt)
	}
}

// expectBrief reports whether the next step is expected to be brief.
func (s *tlsSteps) expectBrief(now Instant) bool {
	return s.brief && (s.doubt == 0 || s.doubt.Reached(now))
}

// takesSteps reports whether the loop itself takes the next step of a handshake.
func (l *loop) takesSteps() bool {
	alone := l.waiter.n <= 1 && len(l.queue) <= 1 && l.working == 0
	return alone && l.steps.expectBrief(l.now)
}

// takeStep takes a step of a handshake, and reports whether the handshake waits for the client.
func (l *loop) takeStep(h *tlsHandshake) (waits bool) {
	began := threadTime() // unlike the loop's clock, it stops while other processes run
	_, waits = h.next()
	l.steps.tookOwn(threadTime()-began, l.now)
	return waits
}
