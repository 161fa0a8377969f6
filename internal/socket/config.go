package socket

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
)

// Config is what a driver needs to know. Its functions may be called from any goroutine.
type Config struct {
	// Open returns the handler of a connection that has been accepted. remote is "unix" for
	// one over a Unix socket. loop is the number of the loop that runs it, from 0. Portable
	// has no loops. It deals connections out to the numbers below [Processors], so that their
	// counters can be in different cache lines.
	Open func(remote string, loop int) Handler
	// Now is the clock. It must not go back, and never returns the zero Instant.
	Now func() Instant
	// TLS makes the driver speak TLS with every connection; nil is plain TCP.
	TLS *tls.Config
	// BeforeTLS returns how many of the first bytes of a connection precede TLS, as a PROXY
	// protocol header does. more means that more bytes have to arrive first, and ok is false
	// if too many precede. Receive is given them first. If BeforeTLS is nil, nothing precedes.
	BeforeTLS func(p []byte) (length int, more, ok bool)
	// NoTLS returns the answer to a client that does not speak TLS, given its first bytes, or
	// "" for none. It may be nil.
	NoTLS func(first [5]byte) string
	// TLSFailed is called once for each TLS handshake that fails; it may be nil.
	TLSFailed func(TLSError)
	// Headroom is the least number of bytes before the input of [Handler.Receive].
	Headroom int
	// Buffer is the size of a buffer, headroom included, in which a handler can always
	// make progress: it never keeps so much that nothing more can be read. In bytes.
	Buffer int
	// WriteTimeout limits how long a peer may take none of the bytes that are to be
	// sent; 0 is no limit. A peer that takes any gets the whole time again.
	WriteTimeout time.Duration
	// LeaveTimeout is the timeout of Leave for connections that the driver closes.
	LeaveTimeout time.Duration
	// Account is what buffers, connections and their sockets hold.
	Account *budget.Account
	// ConnCost is what an idle connection costs, in bytes. Each connection adds it to the
	// account.
	ConnCost int64
	// MaxHandshakes is how many connections may be open whose handlers are not
	// established. At the limit, a new connection replaces the oldest one that was answered, or
	// else the oldest of the larger group: the silent ones, or the others. That one must have
	// waited for its peer for 10 ms if it is silent, and otherwise for 100 ms; a connection that
	// waits for the driver stays. With twice as many, new connections wait in the system. At most
	// an eighth may be long TLS handshakes: the oldest of these makes room for another, whatever
	// it waits for. 0 is no limit. Each loop has an equal share of it.
	MaxHandshakes int
	// MaxSockets is how many connections may be open in all, so that descriptors are left
	// for others. 0 is no limit. At the limit a handshake makes room, chosen in the same way. If
	// there is none, new connections wait in the system.
	MaxSockets int
	Log        *slog.Logger
}

// ErrWriteTimeout is the cause of closing a connection whose peer did not read for
// Config.WriteTimeout.
var ErrWriteTimeout = errors.New("the peer did not read")

// writeLook is the interval at which a driver checks whether a slow peer has taken anything.
// The time-out is late by at most that.
func (c *Config) writeLook() time.Duration { return max(c.WriteTimeout/100, 10*time.Millisecond) }

// The sizes of the buffers for connections that keep little, in bytes.
const (
	smallBuffer  = 4 << 10
	mediumBuffer = 16 << 10
)
