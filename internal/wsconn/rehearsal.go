package wsconn

import (
	"time"

	"github.com/echosvc/echosvc/internal/socket"
)

// A rehearsal is a drain that ends connections but not the process, and can be taken back. A
// drain that ends the process replaces it.

// StartRehearsal is StopAdvertising for a rehearsal. It returns false if the process is about
// to end, or if a rehearsal has started already.
func (a *Admission) StartRehearsal() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ending || a.rehearsal {
		return false
	}
	a.phase, a.rehearsal = notReady, true
	return true
}

// RehearseDrain is Drain for a rehearsal. It returns false if the rehearsal has ended.
func (a *Admission) RehearseDrain(now socket.Instant, spread time.Duration) (empty <-chan struct{}, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ending || !a.rehearsal {
		return nil, false
	}
	return a.beginDrain(now, spread), true
}

// EndRehearsal takes a rehearsal back: connections are admitted again, and those that have
// not been closed stay open. It returns false if there is no rehearsal, or if the process is
// about to end.
func (a *Admission) EndRehearsal() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ending || !a.rehearsal {
		return false
	}
	a.phase, a.rehearsal, a.begun = serving, false, 0
	return true
}
