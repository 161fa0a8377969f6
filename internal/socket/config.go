package socket

import (
	"errors"
	"log/slog"
	"time"
)

// Config is what every driver needs to know. Its functions may be called from any
// goroutine, but those of one Handler never at the same time.
type Config struct {
	// Open makes the handler of a connection that was accepted.
	Open func(remote string) Handler
	// Now is the clock that handlers are given.
	Now func() time.Duration
	// Headroom is what [Handler.Receive] is promised in front of what was read, Buffer how
	// large a buffer must be so that a handler never needs more, both in bytes.
	Headroom, Buffer int
	// WriteTimeout is how long a peer may take nothing of what is to be written; 0 is for
	// ever. One that takes anything has the whole time again.
	WriteTimeout time.Duration
	Log          *slog.Logger
}

// ErrWriteTimeout is the cause of closing a connection whose peer did not read.
var ErrWriteTimeout = errors.New("the peer did not read")

// writeLook is how often a write that waits is looked at, to see when its peer last took
// something: that is how far off the time-out can be.
func (c *Config) writeLook() time.Duration { return max(c.WriteTimeout/100, 10*time.Millisecond) }

// The sizes of the buffers of connections that wait for little, in bytes.
const (
	smallBuffer  = 4 << 10
	mediumBuffer = 16 << 10
)
