package service

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/clientaddr"
	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/requestinfo"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsconn"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// Service is an echo service. [Service.Run] starts it and returns when it has ended. The
// exported fields may be set before Run.
type Service struct {
	// Build is what the metric build_info shows. New sets its Version.
	Build Build
	// DroppedLines returns how many lines of the log were dropped, as NewLogger's dropped does.
	// By default it returns 0.
	DroppedLines func() int64

	config    config.Config
	log       *slog.Logger
	version   string
	policy    wsproto.Policy
	identity  requestinfo.Identity
	headers   requestinfo.Filter
	admission *wsconn.Admission
	attempts  wsconn.Attempts
	pace      wsconn.Pace
	history   *wsconn.History
	account   *budget.Account
	connCost  int64 // of an idle connection, in bytes
	files     files
	loops     int // of the loop driver; 0 with the portable one
	metrics   *metrics

	started time.Time // when the service's clock was zero
	lastID  atomic.Uint64

	repeatWindow, lastMoment time.Duration // fields, so that a test need not wait

	certificate   atomic.Pointer[certificate] // nil without TLS
	driver        driver
	plain, health *http.Server // health may be nil
	serving       sync.WaitGroup
}

const (
	// repeatWindow is how long further signals count as repeats of the first. GNU timeout,
	// CI runners and supervisors send the same signal to a process and to its group.
	repeatWindow = 2 * time.Second
	// lastMoment is how long clients have for the closing handshake after a later signal.
	lastMoment = time.Second
)

// New returns a service; Run starts it. version is for the log, the metric build_info, and
// the identity in greetings and in echoes of plain HTTP.
func New(c config.Config, log *slog.Logger, version string) *Service {
	account := newAccount(c.MemoryLimit, log)
	loops := 0
	if usesLoop(c) {
		loops = loopCount(socket.Processors(), account.Limit(), fileLimit())
		account.Add(budget.Base, int64(loops)*loopBase)
		if c.TLSCertFile != "" {
			account.Add(budget.Base, int64(loops)*loopTLSBase)
		}
	}
	files := shareFiles(fileLimit(), loops, int(c.MaxHandshakes), int(c.MaxRequests))
	cost := connCost(loops > 0, c.TLSCertFile != "")
	limit, limitedBy := files.limitConnections(int(c.MaxConnections), account.Room(cost+idleBuffer(loops > 0)))
	if wanted := int(c.MaxConnections); limit < wanted {
		log.Warn("MAX_CONNECTIONS is reduced: the limit on open files allows no more WebSockets",
			"max_connections", limit, "wanted", wanted, "open_files_limit", fileLimit())
	}
	s := &Service{
		Build: Build{Version: version}, DroppedLines: func() int64 { return 0 },
		config: c, log: log, version: version, account: account, connCost: cost, files: files, loops: loops,
		policy: wsproto.Policy{
			AnyOrigin:      c.AllowedOrigins.Any,
			Origins:        c.AllowedOrigins.Names,
			AnySubprotocol: c.Subprotocols.Any,
			Subprotocols:   c.Subprotocols.Names,
			Compression:    wsproto.Compression(c.Compression),
		},
		headers:   requestinfo.Filter{ShowAll: c.ShowHeaders.Any, Show: c.ShowHeaders.Names},
		identity:  requestinfo.NewIdentity(string(c.PodName), string(c.NodeName), string(c.PodNamespace), version),
		admission: wsconn.NewAdmission(limit, limitedBy, account, rand.Float64),

		repeatWindow: repeatWindow,
		lastMoment:   lastMoment,
	}
	s.metrics = newMetrics(max(loops, socket.Processors()), state{
		admission: s.admission, account: account, now: s.now,
		driver: func() socket.Stats { return s.driver.Stats() },
		build:  func() Build { return s.Build }, droppedLines: func() int64 { return s.DroppedLines() },
		certificate: func() *tls.Certificate {
			if c := s.certificate.Load(); c != nil {
				return c.pair.Load()
			}
			return nil
		},
	})
	s.history = wsconn.NewHistory(account)
	return s
}

// logModes are the values of LOG_CONNECTIONS.
var logModes = map[config.LogConnections]wsconn.LogMode{"all": wsconn.LogAll, "sampled": wsconn.LogSampled, "none": wsconn.LogNone}

// connServers returns the wsconn.Server for the connections of each loop. http serves those
// that turn out to be plain HTTP.
func (s *Service) connServers(http wsconn.HTTPServer, lines *wsconn.Lines) (servers []*wsconn.Server) {
	for _, counts := range s.metrics.counts {
		servers = append(servers, s.connServer(http, lines, counts))
	}
	return servers
}

// connServer returns a wsconn.Server that counts with counts.
func (s *Service) connServer(http wsconn.HTTPServer, lines *wsconn.Lines, counts *counts) *wsconn.Server {
	return &wsconn.Server{
		Config: wsconn.Config{
			HandshakeTimeout: s.config.HandshakeTimeout,
			PingInterval:     s.config.PingInterval,
			PongTimeout:      s.config.PongTimeout,
			IdleTimeout:      s.config.IdleTimeout,
			CloseTimeout:     s.config.CloseTimeout,
			Goodbye:          string(s.config.Goodbye),
			Controls:         bool(s.config.Controls),
		},
		Policy: s.policy,
		Protocol: wsproto.Config{
			MaxMessageSize: int64(s.config.MaxMessageSize),
			Inflaters:      newInflaters(s.account),
			LimitReason:    fmt.Sprintf("the message is over MAX_MESSAGE_SIZE=%s of this echosvc", s.config.MaxMessageSize),
		},
		Identity:  s.identity,
		Headers:   s.headers,
		Clients:   clientRules(&s.config),
		Lines:     lines,
		Pace:      &s.pace,
		Admission: s.admission,
		Attempts:  &s.attempts,
		History:   s.history,
		Metrics:   counts,
		HTTP:      http,
		Account:   s.account,
		Log:       s.log,
		Clock:     s.wallTime,
		WallClock: time.Now,
	}
}

// now is the clock of drivers and connections: the time since the service started, on the
// monotonic clock. It is never the zero Instant, which stands for never.
func (s *Service) now() socket.Instant { return socket.Instant(time.Since(s.started) + 1) }

// wallTime converts an instant to wall clock time.
func (s *Service) wallTime(t socket.Instant) time.Time {
	return s.started.Add(time.Duration(t)).UTC()
}

// clientRules returns the rules for the addresses of clients.
func clientRules(c *config.Config) clientaddr.Rules {
	return clientaddr.Rules{Trusted: c.TrustedProxies, Protocol: clientaddr.Protocol(c.ProxyProtocol)}
}
