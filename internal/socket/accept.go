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

// acceptAll gives each connection of ln to serve, until ln is closed. An accept that
// fails for another reason, most often because no file descriptor is left, is
// tried again after a pause: the connections that are there go on meanwhile. It is
// logged once, and so is the end of it.
func acceptAll(ln net.Listener, log *slog.Logger, serve func(net.Conn)) {
	var pause time.Duration
	for {
		conn, err := ln.Accept()
		switch {
		case err == nil:
			if pause > 0 {
				log.Info("accepting connections again")
				pause = 0
			}
			serve(conn)
		case errors.Is(err, net.ErrClosed):
			return
		default:
			if pause == 0 {
				log.Warn("cannot accept connections; trying again until it works", "error", err)
			}
			pause = min(max(2*pause, minAcceptPause), maxAcceptPause)
			time.Sleep(pause)
		}
	}
}
