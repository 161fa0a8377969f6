// Package load generates load: one thread, epoll, raw non-blocking sockets, frames built and
// masked before the clock starts, and reused buffers, so that it adds as little as possible to
// the kernel's cost. It checks every reply, and a wrong one fails the run. It runs on the
// calling thread.
package load

import (
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// A Load is one kind of traffic.
type Load struct {
	Name        string // for the command line
	Title       string // for a table or picture
	Kind        Kind
	Connections int
	InFlight    int // messages on each connection whose echo is outstanding
	Message     func(i int) []byte
	Variants    int // number of different messages that a connection cycles through; at least InFlight
	Opcode      byte
	Compressed  bool // with permessage-deflate
}

// Kind is what a load does.
type Kind int

// The kinds.
const (
	Echo      Kind = iota // messages on open connections
	Handshake             // connect, upgrade, close, repeat
	Idle                  // open connections that have echoed once
)

// Opcodes (RFC 6455 section 11.8).
const (
	opText   = 0x1
	opBinary = 0x2
	opClose  = 0x8
	opPing   = 0x9
)

// Loads returns all loads in the order of the table. idle is the number of idle connections.
func Loads(idle int) []*Load {
	return []*Load{
		{Name: "64x64", Title: "64 connections, 64 B", Connections: 64, InFlight: 1, Message: octets(64), Variants: 16, Opcode: opBinary},
		{Name: "1000x128", Title: "1,000 connections, 128 B", Connections: 1000, InFlight: 1, Message: octets(128), Variants: 16, Opcode: opBinary},
		{Name: "64x64x16", Title: "64 connections, 64 B, 16 in flight", Connections: 64, InFlight: 16, Message: octets(64), Variants: 16, Opcode: opBinary},
		{Name: "16x16k", Title: "16 connections, 16 KiB", Connections: 16, InFlight: 1, Message: octets(16 << 10), Variants: 4, Opcode: opBinary},
		{Name: "4x1m", Title: "4 connections, 1 MiB", Connections: 4, InFlight: 1, Message: octets(1 << 20), Variants: 2, Opcode: opBinary},
		{Name: "text", Title: "64 connections, 1 KiB multi-byte text", Connections: 64, InFlight: 1, Message: text(1 << 10), Variants: 16, Opcode: opText},
		{Name: "json", Title: "64 connections, 4 KB JSON, deflate", Connections: 64, InFlight: 1, Message: document(4000), Variants: 16, Opcode: opText, Compressed: true},
		{Name: "jsonx8", Title: "64 connections, 4 KB JSON, deflate, 8 in flight", Connections: 64, InFlight: 8, Message: document(4000), Variants: 16, Opcode: opText, Compressed: true},
		{Name: "handshake", Title: "connect, upgrade, close", Kind: Handshake, Connections: 64},
		{Name: "idle", Title: fmt.Sprintf("idle connections, %d to %d", idleBase(idle), idle), Kind: Idle, Connections: idle, InFlight: 1, Message: octets(64), Variants: 16, Opcode: opBinary},
	}
}

// A Target is a running server.
type Target struct {
	Addr netip.AddrPort
	Bare bool                             // echoes TCP bytes and does not upgrade
	CPU  func() (time.Duration, error)    // user and system time so far
	RSS  func() (resident int, err error) // memory in user space, in bytes
}

// A Window is how long a load runs before and while it is measured.
type Window struct{ Warmup, Measured time.Duration }

// A Result is a measurement. For an idle load only RSS and BytesPerConnection are set, for the
// others all but BytesPerConnection.
type Result struct {
	Messages           int // or handshakes
	Elapsed            time.Duration
	ServerCPU, LoadCPU time.Duration
	P50, P99           time.Duration
	RSS                int // bytes, after the load
	BytesPerConnection float64
}

// ErrNotNegotiated is returned if the server does not accept permessage-deflate.
var ErrNotNegotiated = errors.New("the server does not accept permessage-deflate")

// stallTimeout is how long the load waits for a server that does nothing.
const stallTimeout = 10 * time.Second

// Run runs the load.
func (l *Load) Run(t Target, w Window) (Result, error) {
	var r Result
	var err error
	switch l.Kind {
	case Handshake:
		r, err = l.handshakes(t, w)
	case Idle:
		r, err = l.idle(t)
	default:
		r, err = l.echo(t, w)
	}
	if err != nil {
		return r, fmt.Errorf("load %s: %w", l.Name, err)
	}
	r.RSS, err = t.RSS()
	return r, err
}
