package socket

import (
	"errors"
	"slices"
	"time"
)

// ErrShed is the cause of closing a connection whose memory was needed, and whose peer did
// not take what was pending, and a close frame after it, in time.
var ErrShed = errors.New("its memory was needed, and the peer did not read")

const (
	// shedPatience is how long a peer has to take what is pending and the last Step.
	shedPatience = time.Second
	// shedStall is how long a connection must have stalled before it is shed, and
	// shedStallAtOnce the same when there is no time left. What a peer that reads makes a
	// connection hold is gone earlier.
	shedStall       = time.Second
	shedStallAtOnce = 100 * time.Millisecond
)

// How far the shedding of a connection has come.
const (
	notShed    = iota
	shedAsked  // it has been chosen, and Handler.Shed is called once everything is sent
	shedCalled // Handler.Shed has been called
	shedDone   // what Handler.Shed wrote has been sent
)

// holder is a connection that holds memory.
type holder[C any] struct {
	conn  C
	bytes int64
	since Instant // when it last read or sent anything
	going bool    // it has been told to end
}

// stalledInKernel returns how many of the bytes in a socket's buffers count as held for a
// peer that does not read. A socket reserves some for what may come, and an echo may be on
// its way.
func stalledInKernel(bytes int64) int64 {
	if bytes <= 2*smallBuffer {
		return 0
	}
	return bytes
}

// chooseToShed returns the connections to shed so that at least that many bytes are given
// back: those with the highest product of the bytes that they hold and the time for which
// they have stalled. So neither many small ones that stall nor a large one that is served
// come first by that alone. Those that are going count as given back.
func chooseToShed[C any](holders []holder[C], now Instant, bytes int64, atOnce bool) (chosen []holder[C]) {
	weight := func(h holder[C]) float64 { return float64(h.bytes) * float64(now.Sub(h.since)) }
	slices.SortFunc(holders, func(a, b holder[C]) int {
		switch wa, wb := weight(a), weight(b); {
		case wa > wb:
			return -1
		case wa < wb:
			return 1
		}
		return 0
	})
	for _, h := range holders {
		if h.going {
			bytes -= h.bytes
		}
	}
	least := shedStall
	if atOnce {
		least = shedStallAtOnce
	}
	for _, h := range holders {
		if bytes <= 0 {
			break
		}
		if !h.going && now.Sub(h.since) >= least {
			chosen = append(chosen, h)
			bytes -= h.bytes
		}
	}
	return chosen
}

// abandons reports whether a connection is closed for a cause after which the peer is not
// expected to take what is pending.
func abandons(cause error) bool { return cause == ErrShed || cause == ErrWriteTimeout }
