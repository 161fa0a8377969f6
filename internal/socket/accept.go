package socket

import (
	"errors"
	"log/slog"
	"net"
	"sync/atomic"
	"time"
)

// The pause after a failed accept doubles between these.
const (
	minAcceptPause = 5 * time.Millisecond
	maxAcceptPause = time.Second
)

// acceptRecovery is how long accepting must have worked before the failure counts as over.
const acceptRecovery = 5 * time.Second

// acceptBackoff spaces attempts to accept while they fail, most often because no file
// descriptor is left (EMFILE). It logs when the failures begin and when they are over.
type acceptBackoff struct {
	log      *slog.Logger
	pause    time.Duration
	failed   time.Time                 // the last failure; zero if the last failures are over
	failures atomic.Uint64             // in all
	last     atomic.Pointer[time.Time] // the last failure
}

// failure returns how long to wait after an accept has failed.
func (b *acceptBackoff) failure(err error) time.Duration {
	if b.failed.IsZero() {
		b.log.Warn("cannot accept all connections; trying again until it works", "error", err)
	}
	now := time.Now()
	b.failed = now
	b.last.Store(&now)
	b.failures.Add(1)
	b.pause = min(max(2*b.pause, minAcceptPause), maxAcceptPause)
	return b.pause
}

// short reports whether an accept has failed within acceptRecovery. It may be called from any
// goroutine.
func (b *acceptBackoff) short() bool {
	last := b.last.Load()
	return last != nil && time.Since(*last) <= acceptRecovery
}

// success notes that an accept has worked.
func (b *acceptBackoff) success() {
	b.pause = 0
	if !b.failed.IsZero() && time.Since(b.failed) > acceptRecovery {
		b.log.Info("accepting connections again")
		b.failed = time.Time{}
	}
}

// errMaxSockets is why nothing is accepted while Config.MaxSockets connections are open
// and all of them are established.
var errMaxSockets = errors.New("as many connections are open as file descriptors allow")

// acceptAll gives each connection of ln to serve, until ln is closed. It accepts nothing
// while ready returns an error.
func acceptAll(ln net.Listener, backoff *acceptBackoff, ready func() error, serve func(net.Conn)) {
	for {
		if err := ready(); err != nil {
			time.Sleep(backoff.failure(err))
			continue
		}
		conn, err := ln.Accept()
		switch {
		case err == nil:
			backoff.success()
			serve(conn)
		case errors.Is(err, net.ErrClosed):
			return
		default:
			time.Sleep(backoff.failure(err))
		}
	}
}

// unixAddr is the remote address of connections over a Unix socket, whose clients have none.
const unixAddr = "unix"

// remoteAddr returns the remote address of a connection in the form of net.Addr's String.
func remoteAddr(nc net.Conn) string {
	if _, is := nc.RemoteAddr().(*net.UnixAddr); is {
		return unixAddr
	}
	return nc.RemoteAddr().String()
}
