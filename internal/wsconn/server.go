package wsconn

import (
	"log/slog"
	"net"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/requestinfo"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// Server is everything that a connection needs of the process it belongs to. All
// connections share one Server; none of them changes it.
type Server struct {
	Config    Config
	Policy    wsproto.Policy
	Protocol  wsproto.Config
	Identity  requestinfo.Identity // for greetings
	Admission *Admission
	Metrics   Metrics
	HTTP      HTTPServer
	Account   *budget.Account // of what connections hold; may be nil
	Log       *slog.Logger
	// Clock returns the time of day of an instant.
	Clock func(socket.Instant) time.Time
}

// Config is the part of the configuration that connections act on.
type Config struct {
	HandshakeTimeout time.Duration
	PingInterval     time.Duration // 0 means no pings
	PongTimeout      time.Duration // 0 means no limit
	IdleTimeout      time.Duration // 0 means no limit
	CloseTimeout     time.Duration
	Goodbye          string // the message that ends a conversation; empty means none
	Controls         bool   // whether queries may control connections
}

// HTTPServer serves the connections that turn out to speak plain HTTP.
type HTTPServer interface {
	// Admit counts a request in, or returns why it is refused. After that, either
	// ServeConn or Release is called.
	Admit(*wsproto.Request) *wsproto.HandshakeError
	// ServeConn takes over a connection from which read has been read already.
	ServeConn(conn net.Conn, read []byte)
	// Release counts out a request whose connection was lost.
	Release()
}

// Metrics counts what happens to connections. Connections call it from any goroutine.
type Metrics interface {
	Opened()
	Rejected(*wsproto.HandshakeError)
	Echoed(Traffic)
	PongReceived(rtt time.Duration)
	PongMissed()
	Closed(*Summary)
}

// Traffic is a number of messages that were echoed, and their payload.
type Traffic struct {
	Text, Binary int64 // messages
	Bytes        int64 // payload as received, compressed where the message was
}

// add counts an answered data frame, or a piece of one.
func (t *Traffic) add(ev *wsproto.Event) {
	t.Bytes += int64(len(ev.Payload))
	switch {
	case !ev.Last():
	case ev.Opcode == wsproto.OpText:
		t.Text++
	default:
		t.Binary++
	}
}

// Summary describes a connection that has ended.
type Summary struct {
	Duration  time.Duration
	Code      wsproto.CloseCode
	Initiator Initiator
	Clean     bool // both close frames were exchanged (RFC 6455 section 7.1.4)
	Err       wsproto.ProtocolError
}
