package wsconn

import (
	"time"

	"github.com/echosvc/echosvc/internal/socket"
)

// maxStall is how long a connection may stall. The server does not notice when the client
// of a stalled connection leaves.
const maxStall = 10 * time.Minute

// schedule is when the controls of a connection act. An instant is never if its control
// was not given.
type schedule struct {
	closeAt, dropAt, resetAt, stallAt socket.Instant
	messageAt                         socket.Instant // the next message of the control every
	answerAt                          socket.Instant // the end of a delay; nothing is read until then
	stalled                           bool           // nothing is read any more
	number                            int64          // of the last message of the control every
}

// newSchedule returns the schedule of a WebSocket that opens now.
func newSchedule(now socket.Instant, k *controls) schedule {
	at := func(in time.Duration) socket.Instant {
		if in == never {
			return 0
		}
		return now.Add(in)
	}
	s := schedule{closeAt: at(k.closing.in), dropAt: at(k.drop.in), resetAt: at(k.reset.in), stallAt: at(k.stallIn)}
	if k.every > 0 {
		s.messageAt = now.Add(k.every)
	}
	return s
}

// stall stops reading if a stall is due.
func (s *schedule) stall(now socket.Instant) {
	if s.stallAt.Reached(now) {
		s.stalled, s.stallAt = true, 0
		s.resetAt = socket.Earliest(s.resetAt, now.Add(maxStall))
	}
}

// paused reports whether the connection is not read at present.
func (s *schedule) paused() bool { return s.stalled || s.answerAt != 0 }

// nextMessage returns the number of the message that is due, and schedules the next one.
// Messages that could not be sent in time are skipped.
func (s *schedule) nextMessage(now socket.Instant, every time.Duration) int64 {
	s.number++
	if s.messageAt = s.messageAt.Add(every); s.messageAt.Reached(now) {
		s.messageAt = now.Add(every)
	}
	return s.number
}
