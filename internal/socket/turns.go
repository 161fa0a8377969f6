package socket

import "runtime"

// processors is how many processors Go's scheduler had when the process started.
var processors = runtime.GOMAXPROCS(0)

// busyRead is how many bytes a read has at least to make its connection busy. It is less than
// a TLS record has, since crypto/tls returns one at a time.
const busyRead = 4 << 10

// turns limits how many busy connections of the portable driver are in Receive at once.
//
// Go's scheduler looks for input when a processor has nothing to run, and otherwise every 10
// ms. With as many turns as processors, and one processor more, one is left to look for
// input and to run the connections that are not busy. The system shares the cores fairly
// between all of them.
type turns chan struct{}

// newTurns returns the turns of a driver. It adds the processor that is left for others,
// once in a process.
func newTurns() turns {
	runtime.GOMAXPROCS(processors + 1)
	return make(turns, processors)
}

// take waits for a turn. It must be given back soon, without waiting for a peer.
func (t turns) take() { t <- struct{}{} }

// giveBack ends a turn.
func (t turns) giveBack() { <-t }
