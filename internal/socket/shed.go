package socket

import (
	"cmp"
	"errors"
	"slices"
	"time"
)

// ErrShed is the cause of closing a connection whose memory was needed, and whose peer did not
// take what was pending, or the last Step, in time.
var ErrShed = errors.New("its memory was needed, and the peer did not read")

const (
	// shedPatience is how long a peer has to take what is pending and the last Step.
	shedPatience = time.Second
	// shedStall is how long a connection must have stalled before it is shed, unless shedding
	// is urgent. What is held for a peer that reads is gone by then.
	shedStall = time.Second
	// longStall is how long a connection must have stalled before it is shed to make room for new
	// ones. A slow path may need some time for a frame.
	longStall = 10 * time.Second
)

// Urgency is how urgently memory is needed. It determines which connections Shed chooses.
type Urgency uint8

const (
	ShedLongStalled Urgency = iota // those that have stalled for 10 s, and none that is idle
	ShedStalled                    // those that have stalled for 1 s, and then those that are idle
	ShedAtOnce                     // any, without waiting for their peers
)

// least returns how long a connection must have stalled.
func (u Urgency) least() time.Duration {
	return [...]time.Duration{ShedLongStalled: longStall, ShedStalled: shedStall, ShedAtOnce: 0}[u]
}

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
	since Instant // when it last completed a frame or an answer
	idle  bool    // all of the bytes are for later messages, none for one that has stalled
	asked bool    // it has been told to end
}

// newHolder returns the holder of a connection with that many bytes of buffers, of kernel memory, and
// of what crypto/tls keeps for later records.
func newHolder[C any](conn C, handler Handler, buffers, kernel, records int64, since Instant, asked bool) holder[C] {
	windows, unfinished := handler.Held()
	stalled := buffers + stalledInKernel(kernel)
	return holder[C]{conn, stalled + int64(windows) + records, since, stalled == 0 && !unfinished, asked}
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

// taken reports whether a peer has taken what piled up in the buffers of its socket, given
// the bytes that they held and those that they hold.
func taken(last, now int64) bool { return stalledInKernel(last) > 0 && stalledInKernel(now) == 0 }

// hoards reports whether a peer leaves much in the buffers of its socket, and has not shown
// that it reads. As long as there is room, its frames are answered without delay, so an answer
// does not show that the peer has taken anything.
func hoards(kernel int64, trust trust) bool { return !trust.shown() && stalledInKernel(kernel) > 0 }

// chooseToShed returns the connections to shed so that at least that many bytes are given
// back: those with the highest product of the bytes that they hold and the time for which
// they have stalled. So neither stalling with little nor holding much while being served is
// enough to come first. Idle ones come last, whatever they hold, since their peers do
// nothing wrong. Those that have been told to end count as given back, except with ShedAtOnce,
// which may choose them again. fresh is how many are chosen for the first time.
func chooseToShed[C any](holders []holder[C], now Instant, bytes int64, urgency Urgency) (chosen []holder[C], fresh int) {
	weight := func(h holder[C]) float64 { return float64(h.bytes) * float64(now.Sub(h.since)) }
	slices.SortFunc(holders, func(a, b holder[C]) int {
		if a.idle != b.idle {
			if b.idle {
				return -1
			}
			return 1
		}
		return cmp.Compare(weight(b), weight(a))
	})
	if urgency < ShedAtOnce {
		holders = slices.DeleteFunc(holders, func(h holder[C]) bool {
			if h.asked {
				bytes -= h.bytes
			}
			return h.asked
		})
	}
	for _, h := range holders {
		if bytes <= 0 {
			break
		}
		if now.Sub(h.since) >= urgency.least() && (!h.idle || urgency > ShedLongStalled) {
			chosen = append(chosen, h)
			bytes -= h.bytes
			if !h.asked {
				fresh++
			}
		}
	}
	return chosen, fresh
}

// abandons reports whether a connection is closed for a cause after which the peer is not
// expected to take what is pending.
func abandons(cause error) bool { return cause == ErrShed || cause == ErrWriteTimeout }
