package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/httpecho"
	"github.com/echosvc/echosvc/internal/page"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsconn"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// Run listens, serves until ctx is done or a signal arrives, drains, and returns when
// everything has ended. Further signals shorten the drain. The error is about listening.
func (s *Service) Run(ctx context.Context, signals <-chan os.Signal) error {
	var pair *certificate
	var err error
	if s.config.TLSCertFile != "" {
		if pair, err = loadCertificate(s.config.TLSCertFile, s.config.TLSKeyFile, s.log); err != nil {
			return err
		}
	}
	ws, err := listen("PORT", s.config.Host, s.config.Port, s.acceptQueue())
	if err != nil {
		return err
	}
	if pair != nil {
		ws = newTLSListener(ws, pair)
	}
	var health net.Listener
	if s.config.HealthPort != 0 {
		if health, err = listen("HEALTH_PORT", s.config.Host, s.config.HealthPort, healthFiles); err != nil {
			return errors.Join(err, ws.Close())
		}
	}
	return s.serve(ctx, signals, ws, health)
}

// acceptQueue returns how many connections may wait to be accepted: together they hold at
// most a sixteenth of MEMORY_LIMIT. 0 leaves it to the system.
func (s *Service) acceptQueue() int {
	return int(s.account.Limit() / 16 / socket.QueueCost)
}

// listen opens a TCP port; variable is the name of the setting that chose it, and queue how
// many connections may wait to be accepted.
func listen(variable string, host config.Host, port config.Port, queue int) (net.Listener, error) {
	var c net.ListenConfig
	c.SetMultipathTCP(false) // connections do not inherit the options of such a listener
	ln, err := c.Listen(context.Background(), "tcp", net.JoinHostPort(string(host), strconv.Itoa(int(port))))
	if err != nil {
		return nil, fmt.Errorf("cannot listen on HOST=%s %s=%d: %w", host, variable, port, err)
	}
	if err := socket.Prepare(ln.(*net.TCPListener), queue); err != nil {
		ln.Close()
		return nil, fmt.Errorf("cannot set the options of %s=%d: %w", variable, port, err)
	}
	return ln, nil
}

// serve serves the listeners, which it closes, until the service has ended. health may be
// nil. The error is of the system, and leaves nothing running.
func (s *Service) serve(ctx context.Context, signals <-chan os.Signal, ws, health net.Listener) error {
	s.started = time.Now()
	plain := httpecho.NewListener(ws.Addr(), httpecho.Limits{MaxRequests: s.files.requests, Account: s.account, Log: s.log})
	var err error
	if s.driver, err = s.newDriver(s.connServer(plain)); err != nil {
		ws.Close()
		if health != nil {
			health.Close()
		}
		return fmt.Errorf("cannot make the %s driver: %w", s.config.Driver, err)
	}
	probes := http.NewServeMux()
	handleHealth(probes, s.admission, s.driver)
	s.serveHTTP(plain, nil, httpecho.Closing(page.Handler(httpecho.Handler(&s.policy, s.identity, probes))))
	healthAddr := "off"
	if health != nil {
		mux := http.NewServeMux()
		handleHealth(mux, s.admission, s.driver)
		handleConnections(mux, s.driver)
		mux.Handle("GET /metrics", s.metrics.handler())
		s.serveHTTP(health, newWaitingConns(healthFiles).note, mux)
		healthAddr = health.Addr().String()
	}
	s.serving.Go(func() { s.driver.Serve(ws) })
	relieved := make(chan struct{})
	s.serving.Go(func() { newRelief(s.account, s.driver, s.log).run(relieved) })
	s.log.Info("serving", "version", s.version, "addr", ws.Addr().String(), "health", healthAddr, "driver", s.driver.Name(), "tls", s.config.TLSCertFile != "",
		"max_connections", s.admission.Limit(), "memory_limit", config.Size(s.account.Limit()).String(), "max_message_size", s.config.MaxMessageSize.String(), "ping_interval", s.config.PingInterval.String())

	select {
	case <-ctx.Done():
	case <-signals:
	}
	report := s.drain(signals)
	ws.Close()
	close(relieved)
	s.finish()
	report()
	return nil
}

// newDriver returns the driver that the configuration asks for. The error is the system's.
func (s *Service) newDriver(server *wsconn.Server) (driver, error) {
	c := socket.Config{
		Open: func(remote string) socket.Handler {
			return wsconn.New(server, s.lastID.Add(1), remote)
		},
		Now:           s.now,
		Headroom:      wsproto.Headroom,
		Buffer:        wsproto.MinBuffer,
		WriteTimeout:  s.config.WriteTimeout,
		Account:       s.account,
		ConnCost:      s.connCost,
		MaxHandshakes: s.files.handshakes,
		MaxSockets:    s.files.sockets,
		Log:           s.log,
	}
	if usesLoop(s.config) {
		return newLoopDriver(c)
	}
	return socket.NewPortable(c), nil
}

// serveHTTP serves HTTP on ln until the service ends. Requests are logged at debug, since
// most are probes. connState may be nil.
func (s *Service) serveHTTP(ln net.Listener, connState func(net.Conn, http.ConnState), h http.Handler) {
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.log.Debug("http request", "remote", r.RemoteAddr, "method", r.Method, "path", r.URL.Path)
			h.ServeHTTP(w, r)
		}),
		ReadHeaderTimeout: s.config.HandshakeTimeout,
		ReadTimeout:       2 * s.config.HandshakeTimeout,
		WriteTimeout:      s.config.WriteTimeout,
		IdleTimeout:       time.Minute,
		// The handler answers OPTIONS * like everything else.
		DisableGeneralOptionsHandler: true,

		ConnContext: httpecho.ConnContext,
		ConnState:   connState,
		ErrorLog:    slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	s.servers = append(s.servers, server)
	s.serving.Go(func() { server.Serve(ln) }) // returns when finish closes the server
}

// finishTimeout is how long requests that are being answered at the end may take.
const finishTimeout = 500 * time.Millisecond

// finish ends everything that is left and waits for every goroutine. The listeners are
// closed.
func (s *Service) finish() {
	s.driver.Abort()
	s.driver.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), finishTimeout)
	defer cancel()
	for _, server := range s.servers {
		server.Shutdown(ctx) // Close ends what this leaves
		server.Close()
	}
	s.serving.Wait()
}
