package service

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/requestinfo"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsconn"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// Service is an echo service. Its methods in run.go start and end it.
type Service struct {
	config    config.Config
	log       *slog.Logger
	version   string
	policy    wsproto.Policy
	identity  requestinfo.Identity
	admission *wsconn.Admission
	account   *budget.Account
	connCost  int64 // of an idle connection, in bytes
	files     files
	metrics   *metrics

	started time.Time // the zero of the clock
	lastID  atomic.Uint64

	driver  driver
	servers []*http.Server
	serving sync.WaitGroup
}

// New returns a service that does not run yet. version is for its log.
func New(c config.Config, log *slog.Logger, version string) *Service {
	loop := usesLoop(c)
	loops := 0
	if loop {
		loops = runtime.GOMAXPROCS(0)
	}
	account := newAccount(c.MemoryLimit, log, loops)
	files := shareFiles(fileLimit(), loops, int(c.MaxHandshakes), int(c.MaxRequests))
	cost := connCost(loop, c.TLSCertFile != "")
	limit := int(c.MaxConnections)
	if limit == 0 {
		limit = leastLimit(files.connections, account.Room(cost))
	}
	s := &Service{
		config: c, log: log, version: version, account: account, connCost: cost, files: files,
		policy: wsproto.Policy{
			AnyOrigin:      c.AllowedOrigins.Any,
			Origins:        c.AllowedOrigins.Names,
			AnySubprotocol: c.Subprotocols.Any,
			Subprotocols:   c.Subprotocols.Names,
			Compression:    wsproto.Compression(c.Compression),
		},
		identity:  requestinfo.NewIdentity(c.PodName, c.NodeName, c.PodNamespace, version),
		admission: wsconn.NewAdmission(limit, account, rand.Float64),
	}
	s.metrics = newMetrics(s.admission, s.now, version)
	s.metrics.registerMemory(account)
	return s
}

// connServer returns what connections need of the service. http serves those that speak
// plain HTTP.
func (s *Service) connServer(http wsconn.HTTPServer) *wsconn.Server {
	return &wsconn.Server{
		Config: wsconn.Config{
			HandshakeTimeout: s.config.HandshakeTimeout,
			PingInterval:     s.config.PingInterval,
			PongTimeout:      s.config.PongTimeout,
			IdleTimeout:      s.config.IdleTimeout,
			CloseTimeout:     s.config.CloseTimeout,
			Goodbye:          string(s.config.Goodbye),
			Controls:         s.config.Controls,
		},
		Policy: s.policy,
		Protocol: wsproto.Config{
			MaxMessageSize: int64(s.config.MaxMessageSize),
			Inflaters:      newInflaters(s.account),
			LimitReason:    fmt.Sprintf("the message is over MAX_MESSAGE_SIZE=%s of this echosvc", s.config.MaxMessageSize),
		},
		Identity:  s.identity,
		Admission: s.admission,
		Metrics:   s.metrics,
		HTTP:      http,
		Account:   s.account,
		Log:       s.log,
		Clock:     s.wallTime,
	}
}

// now is the clock of drivers and connections: the time since the service started, by the
// monotonic clock. It is never 0, which means never.
func (s *Service) now() socket.Instant { return socket.Instant(time.Since(s.started) + 1) }

// wallTime returns the time of day of an instant.
func (s *Service) wallTime(t socket.Instant) time.Time {
	return s.started.Add(time.Duration(t)).UTC()
}
