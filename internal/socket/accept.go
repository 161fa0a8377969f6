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

// acceptAll gives each connection of ln to serve, until ln is closed. An accept that
// fails for another reason, most often because no file descriptor is left, is
// tried again after a pause: the connections that are there go on meanwhile. It is
// logged once, and so is the end of it.
func acceptAll(ln net.Listener, log *slog.Logger, serve func(net.Conn)) {
	var pause time.Duration
	var failed time.Time // of the shortage that was logged, the last failure
	for {
		conn, err := ln.Accept()
		switch {
		case err == nil:
			if !failed.IsZero() && time.Since(failed) > acceptRecovery {
				log.Info("accepting connections again")
				failed = time.Time{}
			}
			pause = 0
			serve(conn)
		case errors.Is(err, net.ErrClosed):
			return
		default:
			if failed.IsZero() {
				log.Warn("cannot accept all connections; trying again until it works", "error", err)
			}
			failed = time.Now()
			pause = min(max(2*pause, minAcceptPause), maxAcceptPause)
			time.Sleep(pause)
		}
	}
}
