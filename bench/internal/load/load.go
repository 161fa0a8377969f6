// Package load generates load: one thread, epoll, raw non-blocking sockets, frames built and
// masked before the clock starts, and reused buffers, so that it adds as little as possible to
// the kernel's cost. It checks every reply, and a wrong one fails the run. It runs on the
// calling thread.
package load

import (
	"crypto/tls"
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
	Rate        int // messages a second on all connections, whatever is in flight; 0 for InFlight
	Message     func(i int) []byte
	Variants    int // number of different messages that a connection cycles through; at least InFlight
	Opcode      byte
	Fragments   int  // frames that a message is sent in; 0 for one
	Compressed  bool // with permessage-deflate
	TLS         bool
	Extra       bool // runs only if it is named
}

// Kind is what a load does.
type Kind int

// The kinds.
const (
	Echo      Kind = iota // messages on open connections
	Handshake             // connect, upgrade, close, repeat
	Idle                  // memory of open connections that have echoed once
	Rest                  // CPU of such connections, without pings
	KeepAlive             // CPU of such connections, pinged by the server
)

// Unit returns what the kind counts.
func (k Kind) Unit() string {
	switch k {
	case Handshake:
		return "handshake"
	case Rest:
		return "second"
	case KeepAlive:
		return "ping"
	}
	return "message"
}

// Opcodes (RFC 6455 section 11.8).
const (
	opText   = 0x1
	opBinary = 0x2
	opClose  = 0x8
	opPing   = 0x9
	opPong   = 0xa
)

// Loads returns all loads in the order of the table. idle is the number of idle connections.
func Loads(idle int) []*Load {
	loads := []*Load{
		binaryLoad("64x64", "64 connections, 64 B", 64, 1, 64),
		binaryLoad("1000x128", "1,000 connections, 128 B", 1000, 1, 128),
		binaryLoad("64x64x16", "64 connections, 64 B, 16 in flight", 64, 16, 64),
		binaryLoad("16x16k", "16 connections, 16 KiB", 16, 1, 16<<10),
		binaryLoad("4x1m", "4 connections, 1 MiB", 4, 1, 1<<20),
		{Name: "text", Title: "64 connections, 1 KiB multi-byte text", Connections: 64, InFlight: 1, Message: text(words, 1<<10), Variants: 16, Opcode: opText},
		{Name: "json", Title: "64 connections, 4 KB JSON, deflate", Connections: 64, InFlight: 1, Message: document(4000), Variants: 16, Opcode: opText, Compressed: true},
		{Name: "jsonx8", Title: "64 connections, 4 KB JSON, deflate, 8 in flight", Connections: 64, InFlight: 8, Message: document(4000), Variants: 16, Opcode: opText, Compressed: true},
		{Name: "handshake", Title: "connect, upgrade, close", Kind: Handshake, Connections: 64},
		idleLoad("idle", "idle connections", Idle, idle),
	}
	return append(loads, extras(idle)...)
}

// extras returns the loads that run only if they are named.
func extras(idle int) []*Load {
	loads := []*Load{binaryLoad("2000x16", "2,000 connections, 16 B", 2000, 1, 16)}
	for _, script := range scripts {
		small := &Load{Name: script.name + "4k", Title: "64 connections, 4 KiB " + script.title, Connections: 64, InFlight: 1, Message: text(script.sample, 4<<10), Variants: 16, Opcode: opText}
		large := &Load{Name: script.name + "1m", Title: "4 connections, 1 MiB " + script.title, Connections: 4, InFlight: 1, Message: text(script.sample, 1<<20), Variants: 2, Opcode: opText}
		loads = append(loads, small, large)
	}
	fragments := binaryLoad("fragments", "64 connections, 4 KiB in 8 fragments", 64, 1, 4<<10)
	fragments.Fragments = 8
	pings := binaryLoad("pings", "64 connections, pings of 64 B, 16 in flight", 64, 16, 64)
	pings.Opcode = opPing
	loads = append(loads, fragments, pings)
	for _, rate := range []int{2000, 20000} {
		l := binaryLoad(fmt.Sprintf("rate%d", rate), fmt.Sprintf("64 connections, 64 B, %d,000 messages a second", rate/1000), 64, 1, 64)
		l.Rate = rate
		loads = append(loads, l)
	}
	loads = append(loads,
		idleLoad("keepalive", "idle connections, a ping a second on each", KeepAlive, min(idle, 2000)),
		idleLoad("rest", "idle connections without pings", Rest, min(idle, 15000)))
	secure := []*Load{
		binaryLoad("wss64x64", "TLS, 64 connections, 64 B", 64, 1, 64),
		binaryLoad("wss16x16k", "TLS, 16 connections, 16 KiB", 16, 1, 16<<10),
		binaryLoad("wss4x1m", "TLS, 4 connections, 1 MiB", 4, 1, 1<<20),
		{Name: "wsshandshake", Title: "TLS, connect, upgrade, close, one at a time", Kind: Handshake, Connections: 1},
		idleLoad("wssidle", "TLS, idle connections", Idle, min(idle, 4000)),
	}
	for _, l := range secure {
		l.TLS = true
	}
	loads = append(loads, secure...)
	for _, l := range loads {
		l.Extra = true
	}
	return loads
}

// binaryLoad returns a load of binary messages of size bytes.
func binaryLoad(name, title string, connections, inFlight, size int) *Load {
	variants := 16
	switch {
	case size >= 1<<20:
		variants = 2
	case size >= 16<<10:
		variants = 4
	}
	return &Load{Name: name, Title: title, Connections: connections, InFlight: inFlight, Message: octets(size), Variants: variants, Opcode: opBinary}
}

// idleLoad returns a load of idle connections.
func idleLoad(name, title string, kind Kind, connections int) *Load {
	count := fmt.Sprint(connections)
	if kind == Idle {
		count = fmt.Sprintf("%d to %d", idleBase(connections), connections)
	}
	title += ", " + count
	return &Load{Name: name, Title: title, Kind: kind, Connections: connections, InFlight: 1, Message: octets(64), Variants: 16, Opcode: opBinary}
}

// A Target is a running server.
type Target struct {
	Addr netip.AddrPort
	Bare bool                             // echoes bytes and does not upgrade
	TLS  *tls.Config                      // nil without TLS
	CPU  func() (time.Duration, error)    // user and system time so far
	RSS  func() (resident int, err error) // memory in user space, in bytes
}

// A Window is how long a load runs before and while it is measured.
type Window struct{ Warmup, Measured time.Duration }

// A Result is a measurement. For a load of kind [Idle] only RSS and BytesPerConnection are set,
// for the others all but BytesPerConnection. Only messages and handshakes have a latency.
type Result struct {
	Messages           int // or what the kind counts
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
	case Rest:
		r, err = l.rest(t, w)
	case KeepAlive:
		r, err = l.keepAlive(t, w)
	default:
		r, err = l.echo(t, w)
	}
	if err != nil {
		return r, fmt.Errorf("load %s: %w", l.Name, err)
	}
	r.RSS, err = t.RSS()
	return r, err
}
