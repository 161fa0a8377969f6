package socket

import (
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
	// WriteTimeout is how long a write may make no progress; 0 is for ever.
	WriteTimeout time.Duration
	Log          *slog.Logger
}

// The sizes of the buffers of connections that wait for little, in bytes.
const (
	smallBuffer  = 4 << 10
	mediumBuffer = 16 << 10
)
