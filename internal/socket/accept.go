package socket

import (
	"errors"
	"log/slog"
	"net"
	"time"
)

// The pause after a failed accept doubles between these.
const (
	minAcceptPause = 5 * time.Millisecond
	maxAcceptPause = time.Second
)

// acceptRecovery is how long accepting must have worked to be called working again.
const acceptRecovery = 5 * time.Second

// shortage is the time in which not every accept works, most often because no file
// descriptor is left. Accepting is tried again after a pause; the connections that are
// there go on meanwhile. It is logged once, and so is the end of it.
type shortage struct {
	log    *slog.Logger
	pause  time.Duration
	failed time.Time // the last failure; zero when there is no shortage
}

// fail notes that an accept has failed, and returns how long to wait.
func (s *shortage) fail(err error) time.Duration {
	if s.failed.IsZero() {
		s.log.Warn("cannot accept all connections; trying again until it works", "error", err)
	}
	s.failed = time.Now()
	s.pause = min(max(2*s.pause, minAcceptPause), maxAcceptPause)
	return s.pause
}

// succeed notes that an accept has worked.
func (s *shortage) succeed() {
	s.pause = 0
	if !s.failed.IsZero() && time.Since(s.failed) > acceptRecovery {
		s.log.Info("accepting connections again")
		s.failed = time.Time{}
	}
}

// acceptAll gives each connection of ln to serve, until ln is closed.
func acceptAll(ln net.Listener, log *slog.Logger, serve func(net.Conn)) {
	shortage := shortage{log: log}
	for {
		conn, err := ln.Accept()
		switch {
		case err == nil:
			shortage.succeed()
			serve(conn)
		case errors.Is(err, net.ErrClosed):
			return
		default:
			time.Sleep(shortage.fail(err))
		}
	}
}
