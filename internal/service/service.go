package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// Service is a running echo service, or one that is about to run.
type Service struct {
	config   Config
	log      *slog.Logger
	version  string
	identity identity
	policy   wsproto.Policy
	protocol wsproto.Config
	meters   *meters
	jitter   func() float64 // 0 to 1, at random; a field, so that a test can choose

	started    time.Time // the zero of the clock
	lastID     atomic.Uint64
	live       live
	draining   atomic.Bool  // not ready any more
	drainBegun atomic.Int64 // by the clock; 0 is not yet

	driver  driver
	plain   *handOver
	servers []*http.Server
	serving sync.WaitGroup
}

// New makes a service. version is for its log.
func New(config Config, log *slog.Logger, version string) *Service {
	s := &Service{
		config:   config,
		log:      log,
		version:  version,
		identity: newIdentity(&config, version),
		policy: wsproto.Policy{
			AnyOrigin:      config.AllowedOrigins.Any,
			Origins:        config.AllowedOrigins.Names,
			OriginsSetBy:   "ALLOWED_ORIGINS",
			AnySubprotocol: config.Subprotocols.Any,
			Subprotocols:   config.Subprotocols.Names,
			Compression:    wsproto.Compression(config.Compression),
		},
		protocol: wsproto.Config{
			MaxMessageSize: int64(config.MaxMessageSize),
			Inflaters:      newInflaters(),
			LimitReason:    fmt.Sprintf("the message is over MAX_MESSAGE_SIZE=%v of this echosvc", config.MaxMessageSize),
		},
		jitter: rand.Float64,
	}
	s.live.max = int(config.MaxConnections)
	if s.live.max == 0 {
		s.live.max = connectionsForFiles(fileLimit())
	}
	s.meters = newMeters(s)
	return s
}

// connectionsForFiles is how many WebSocket connections a limit of file descriptors
// allows, with a reserve for listeners, probes, handshakes and refusals.
func connectionsForFiles(limit int) int {
	return limit - min(limit/4, 64+limit/50)
}

// Run listens, serves until ctx is done or a signal comes, drains, and returns when
// everything has ended. Further signals cut the drain short. The error is of listening.
func (s *Service) Run(ctx context.Context, signals <-chan os.Signal) error {
	var pair *certificate
	var err error
	if s.config.TLSCertFile != "" {
		if pair, err = loadCertificate(s.config.TLSCertFile, s.config.TLSKeyFile, s.log); err != nil {
			return err
		}
	}
	if s.driver, err = s.newDriver(); err != nil {
		return fmt.Errorf("cannot make the %s driver: %w", s.config.Driver, err)
	}
	ws, err := listen("PORT", s.config.Host, s.config.Port)
	if err != nil {
		return err
	}
	if pair != nil {
		ws = newTLSListener(ws, pair)
	}
	var health net.Listener
	if s.config.HealthPort != 0 {
		if health, err = listen("HEALTH_PORT", s.config.Host, s.config.HealthPort); err != nil {
			return errors.Join(err, ws.Close())
		}
	}
	s.serve(ctx, signals, ws, health)
	return nil
}

// listen opens a TCP port; variable is the name of the setting that chose it.
func listen(variable string, host config.Host, port config.Port) (net.Listener, error) {
	ln, err := net.Listen("tcp", net.JoinHostPort(string(host), strconv.Itoa(int(port))))
	if err != nil {
		return nil, fmt.Errorf("cannot listen on HOST=%s %s=%d: %w", host, variable, port, err)
	}
	return ln, nil
}

// serve serves on the listeners, which it closes, to the end of the service. health may be nil.
func (s *Service) serve(ctx context.Context, signals <-chan os.Signal, ws, health net.Listener) {
	s.started = time.Now()
	s.plain = newHandOver(ws.Addr())
	s.serveHTTP(s.newHTTPServer(s.plainHandler()), s.plain)
	healthAddr := "off"
	if health != nil {
		mux := http.NewServeMux()
		s.handleHealth(mux)
		s.handleConnections(mux)
		mux.Handle("GET /metrics", s.meters.handler())
		s.serveHTTP(s.newHTTPServer(s.logged(mux)), health)
		healthAddr = health.Addr().String()
	}
	s.serving.Go(func() { s.driver.Serve(ws) })
	s.log.Info("serving", "version", s.version, "addr", ws.Addr().String(), "health", healthAddr, "driver", s.driver.Name(), "tls", s.config.TLSCertFile != "",
		"max_connections", s.live.max, "max_message_size", s.config.MaxMessageSize.String(), "ping_interval", s.config.PingInterval.String())

	select {
	case <-ctx.Done():
	case <-signals:
	}
	report := s.drain(signals)
	ws.Close()
	s.finish()
	report()
}

// serveHTTP runs an HTTP server on ln until the end of the service.
func (s *Service) serveHTTP(server *http.Server, ln net.Listener) {
	s.servers = append(s.servers, server)
	s.serving.Go(func() { server.Serve(ln) }) // returns when the service closes it
}

// finishTimeout is how long requests that are being answered at the end may take.
const finishTimeout = 500 * time.Millisecond

// finish ends what is left, and waits for every goroutine. The listeners are closed.
func (s *Service) finish() {
	s.driver.Cut()
	s.driver.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), finishTimeout)
	defer cancel()
	for _, server := range s.servers {
		server.Shutdown(ctx) // what it leaves, Close ends
		server.Close()
	}
	s.serving.Wait()
}

// newConn begins the life of a connection.
func (s *Service) newConn(remote string) socket.Handler {
	return &conn{svc: s, id: s.lastID.Add(1), remote: remote}
}

// admit counts a connection in, or says why not.
func (s *Service) admit() *wsproto.Refusal {
	switch s.live.admit() {
	case refusedFull:
		return wsproto.Unavailable(fmt.Sprintf("this server has its MAX_CONNECTIONS=%d connections; try again later", s.live.max), 5)
	case refusedDraining:
		return wsproto.Unavailable("this server is shutting down; connect again to reach another", 1)
	}
	return nil
}

// now is the clock: the time since the service started, by the monotonic clock. It
// is never 0, which stands for never.
func (s *Service) now() time.Duration { return time.Since(s.started) + 1 }

// wallTime is the time of day of a moment of the clock.
func (s *Service) wallTime(t time.Duration) time.Time { return s.started.Add(t).UTC() }
