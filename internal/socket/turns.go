package socket

import (
	"runtime"
	"sync"
)

// processors is how many processors Go's scheduler had when the process started.
var processors = runtime.GOMAXPROCS(0)

// Processors returns how many processors Go's scheduler had when the process started. Drivers
// add some later.
func Processors() int { return processors }

// busyRead is the smallest read that makes its connection busy, in bytes. It is smaller than a TLS
// record can be, since crypto/tls returns one record at a time.
const busyRead = 4 << 10

// turns limits how many busy connections of the portable driver are in Receive at once.
//
// Go's scheduler looks for input when a processor has nothing to run, and otherwise every 10
// ms. With one processor more than there are turns, one is always left to look for input and
// to run the connections that are not busy. The system shares the cores fairly between all
// of them.
//
// The additional processor has a price: a TLS handshake on an idle machine then makes threads
// wake each other. So it is added only when all turns are taken for the first time.
type turns chan struct{}

// addingProcessors is held while processors are counted and added.
var addingProcessors sync.Mutex

// addProcessors raises the number of processors to at least n more than at the start, for n
// goroutines that keep theirs.
func addProcessors(n int) {
	addingProcessors.Lock()
	defer addingProcessors.Unlock()
	if runtime.GOMAXPROCS(0) < processors+n {
		runtime.GOMAXPROCS(processors + n)
	}
}

// addProcessor is addProcessors(1), once in a process.
var addProcessor = sync.OnceFunc(func() { addProcessors(1) })

// newTurns returns turns for each processor.
func newTurns() turns { return make(turns, processors) }

// take waits for a turn. It must be given back soon, without waiting for a peer.
func (t turns) take() {
	t <- struct{}{}
	if len(t) == cap(t) {
		addProcessor()
	}
}

// takeUnless is take that reports whether it took a turn before gone was closed.
func (t turns) takeUnless(gone <-chan struct{}) bool {
	select {
	case <-gone:
		return false
	default:
	}
	select {
	case t <- struct{}{}:
		return true
	case <-gone:
		return false
	}
}

// giveBack ends a turn.
func (t turns) giveBack() { <-t }

// handshakeTurns limit the TLS handshakes that are worked on at once. Those that are long first wait
// for each other, so that a flood of them does not delay the others. No processors are added for them,
// since a step is brief, and one handshake at a time would cost half as much again.
type handshakeTurns struct{ all, long turns }

// newHandshakeTurns returns a turn for each processor. Long handshakes may take half of them, and at
// least one.
func newHandshakeTurns() handshakeTurns {
	return handshakeTurns{newTurns(), make(turns, max(1, processors/2))}
}

// take waits for a turn. It reports whether it took one before gone was closed.
func (t handshakeTurns) take(long bool, gone <-chan struct{}) bool {
	if long && !t.long.takeUnless(gone) {
		return false
	}
	taken := t.all.takeUnless(gone)
	if long && !taken {
		t.long.giveBack()
	}
	return taken
}

// giveBack ends a turn.
func (t handshakeTurns) giveBack(long bool) {
	t.all.giveBack()
	if long {
		t.long.giveBack()
	}
}
