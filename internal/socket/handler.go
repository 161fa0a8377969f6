package socket

import (
	"net"
	"time"
)

// Handler is the life of one connection as a driver sees it. A driver calls one
// method at a time, first Opened, last Closed or Detached. No method may block. Times
// are the driver's clock: since some fixed moment, never going back.
type Handler interface {
	// Opened is the first call.
	Opened(now time.Duration) Step

	// Receive is given mem[start:end]: what the last Step kept, and behind it what
	// has been read since. There are at least as many bytes in front of start as the
	// driver was told to leave. What the Step writes and keeps may be a part of mem; the
	// driver sees to it that both stay as they are for as long as it needs them.
	Receive(now time.Duration, mem []byte, start, end int) Step

	// EndOfInput says that the peer has shut down its sending side, when everything
	// that came before has been given to Receive. Its Step must Close.
	EndOfInput(now time.Duration) Step

	// Waiting is called when all that a Step wrote has gone, which a slow peer can
	// delay, and the driver is about to wait for the peer. What is to be timed from the
	// last byte is timed from here. It returns when the handler wants to be woken; 0 is never.
	Waiting(now time.Duration) (wake time.Duration)

	// Wake is called when the time of Waiting has come, and when the driver is asked to
	// wake all: it may come early. scratch has no bytes and a capacity of 256; what the
	// Step writes may be in there. What Receive's last Step kept stays kept.
	Wake(now time.Duration, scratch []byte) Step

	// Detached hands over the connection after a Step with Detach: it belongs to the
	// handler, with the bytes that were kept. It is the last call.
	Detached(conn net.Conn, kept []byte)

	// Closed says that the connection is closed. cause is nil when a Step with Close
	// asked for it. It is the last call.
	Closed(now time.Duration, cause error)
}

// Step is what a Handler wants done, in this order.
type Step struct {
	// Write is sent first. Only when it has gone is anything else done. It is at most
	// Config.Buffer bytes, or as many as the call was given and the Step does not keep.
	Write []byte
	// Kept is how many bytes, up to the end of what Receive was given, are to be
	// in front of the next read. Only Receive's Step says it.
	Kept int
	// Then is done when Write has gone.
	Then Action
}

// Action is what a driver does after writing.
type Action uint8

const (
	// Read goes on reading.
	Read Action = iota
	// ShutDown ends the sending side, so that the peer sees the end behind the last
	// byte, and goes on reading. Closing with unread input would send a reset, which
	// destroys what the peer has not read yet.
	ShutDown
	// Close closes the connection.
	Close
	// Detach takes the connection from the driver and gives it to Detached.
	Detach
	// Reset closes the connection with a reset (RST), which destroys what the peer has
	// not read yet.
	Reset
	// Pause does not read until a Step of Wake says something else: what the peer sends, its
	// end of input too, waits in the system, and then at the peer.
	Pause
	// Again calls Receive once more, with what is kept and nothing new. Of Wake's Steps, only
	// one behind a Pause may say it.
	Again
)
