package wsconn

import (
	"context"
	"log/slog"
	"net"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/clientaddr"
	"github.com/echosvc/echosvc/internal/requestinfo"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// Server holds everything that connections need from their process. Connections share it and
// do not change it. There may be several that differ in their Metrics.
type Server struct {
	Config    Config
	Policy    wsproto.Policy
	Protocol  wsproto.Config
	Identity  requestinfo.Identity // for greetings
	Admission *Admission
	Metrics   Metrics
	HTTP      HTTPServer
	Account   *budget.Account // of what connections hold
	Log       *slog.Logger
	Lines     *Lines
	Headers   requestinfo.Filter // of greetings
	Clients   clientaddr.Rules
	Pace      *Pace
	Attempts  *Attempts // of the page
	History   *History
	// Clock converts an instant to wall clock time.
	Clock func(socket.Instant) time.Time
	// WallClock returns the current time, for Date fields. Unlike Clock, it follows the system's
	// clock when that is set.
	WallClock func() time.Time
	dates     dates
	hosts     commonHost
}

// date returns the value of the Date field of a response.
func (s *Server) date() string { return s.dates.at(s.WallClock()) }

// logs reports whether lines of a level are written. If not, their attributes need not be made.
func (s *Server) logs(level slog.Level) bool {
	return s.Log.Enabled(context.Background(), level)
}

// Config is the part of the configuration that connections use.
type Config struct {
	HandshakeTimeout time.Duration
	PingInterval     time.Duration // 0 means no pings
	PongTimeout      time.Duration // 0 means no limit
	IdleTimeout      time.Duration // 0 means no limit
	CloseTimeout     time.Duration
	Goodbye          string // the message that ends a conversation, at most MaxGoodbye bytes; empty means none
	Controls         bool   // whether the query of an upgrade may have controls
}

// HTTPServer serves the connections that turn out to speak plain HTTP.
type HTTPServer interface {
	// Check returns the path of a health check and the whole response to it, with date as its
	// Date. It returns nil if the request is to be admitted.
	Check(r *wsproto.Request, date string) (path string, response []byte)
	// Admit admits a request, or returns why it is refused. After that, either Deliver or
	// Release is called.
	Admit(*wsproto.Request) *wsproto.HandshakeError
	// Deliver takes over a connection. read has already been read from it. client is the
	// address of the client behind proxies, or "" if it is the connection's or not known.
	Deliver(conn net.Conn, read []byte, client string)
	// Release makes room again if the connection of an admitted request was lost.
	Release()
}

// Metrics counts what happens to connections. Its methods are called from any goroutine, and
// keep no pointer that they are given.
type Metrics interface {
	Opened()                          // a WebSocket
	Rejected(*wsproto.HandshakeError) // a request, plain HTTP included
	Echoed(Traffic)                   // in one call of Conn.Receive; may be zero
	PongReceived(rtt time.Duration)   // the answer to a ping of the server
	PongMissed()                      // the connection is closed because of PONG_TIMEOUT
	Closed(*Summary)                  // a WebSocket
	// Controls adds n to the connections that use the controls, whose names are separated by
	// commas.
	Controls(names string, n int64)
}

// Traffic counts echoed messages and their payload.
type Traffic struct {
	Text, Binary int64 // messages
	Bytes        int64 // payload as received, compressed or not
	Saved        int64 // bytes, of the messages that compression made shorter
	Grown        int64 // bytes, of those that it made longer
}

// add counts an answered data frame, or a piece of one.
func (t *Traffic) add(ev *wsproto.Event) {
	t.Bytes += int64(len(ev.Payload))
	t.Saved += max(0, ev.Saved)
	t.Grown += max(0, -ev.Saved)
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
	Duration time.Duration // since the TCP connection was accepted
	// Code is that of the first close frame: CloseNoStatusReceived if the frame had none, and
	// CloseAbnormalClosure if there was no frame.
	Code      wsproto.CloseCode
	Initiator Initiator
	Clean     bool                  // a close frame passed in each direction (RFC 6455 section 7.1.4)
	Err       wsproto.ProtocolError // of the client, or 0
}
