package service

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/echosvc/echosvc/internal/clientaddr"
	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/httpecho"
	"github.com/echosvc/echosvc/internal/page"
	"github.com/echosvc/echosvc/internal/requestinfo"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsconn"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// Run listens, serves until ctx is done or a signal arrives, drains, and returns when
// everything has ended. Further signals shorten the drain. It must be called once. If PORT is 0
// or stdout is a terminal, it gets a line with the URLs of the service.
//
// An error means that the service did not start: a certificate cannot be loaded, a port
// cannot be listened on, or the driver cannot be made. A signal that arrives before the service
// has started is no error.
func (s *Service) Run(ctx context.Context, signals <-chan os.Signal, stdout io.Writer) error {
	if s.config.TLSCertFile != "" {
		if stopped, err := s.loadCertificate(ctx, signals); err != nil || stopped {
			return err
		}
	}
	l, err := listen(&s.config, s.acceptQueue())
	if err != nil {
		return err
	}
	if err := s.announce(l, stdout); err != nil {
		l.close()
		return err
	}
	defer noteFile(s.config.PortFile).remove()
	return s.serve(ctx, signals, l.ws, l.health)
}

// loadCertificate loads the certificate. A file may block, so a signal or the end of ctx
// stops it: then stopped is true.
func (s *Service) loadCertificate(ctx context.Context, signals <-chan os.Signal) (stopped bool, err error) {
	loaded := make(chan error, 1)
	go func() {
		c, err := loadCertificate(s.config.TLSCertFile, s.config.TLSKeyFile, s.log)
		if err == nil {
			s.certificate.Store(c)
		}
		loaded <- err
	}()
	slow := time.NewTimer(slowCertificate)
	defer slow.Stop()
	for {
		select {
		case err := <-loaded:
			return false, err
		case <-slow.C:
			s.log.Warn("still reading the certificate", "cert", s.config.TLSCertFile, "key", s.config.TLSKeyFile)
		case <-ctx.Done():
			return true, nil
		case <-signals:
			return true, nil
		}
	}
}

// slowCertificate is how long loading the certificate may take before that is logged.
const slowCertificate = 3 * time.Second

// ReloadCertificate reloads the certificate in the background if its files have changed. It
// may be called from any goroutine.
func (s *Service) ReloadCertificate() {
	if c := s.certificate.Load(); c != nil {
		go c.reload()
	}
}

// acceptQueue returns how many connections may wait to be accepted on each port. Those of one port
// then hold at most a sixteenth of MEMORY_LIMIT. 0 is the system's default.
func (s *Service) acceptQueue() int {
	return int(s.account.Limit() / 16 / socket.QueueCost)
}

// serve serves the listeners until the service has ended, and closes them. health may be
// nil. An error means that the service did not start; nothing is left running.
func (s *Service) serve(ctx context.Context, signals <-chan os.Signal, ws, health net.Listener) error {
	s.started = time.Now()
	lines := wsconn.NewLines(logModes[s.config.LogConnections], s.log, func(d time.Duration, f func()) { time.AfterFunc(d, f) })
	probes := http.NewServeMux()
	plain := httpecho.NewListener(ws.Addr(), httpecho.Limits{
		MaxRequests: s.files.requests, Health: s.metrics.statuses.of(probes), Account: s.account, Leave: s.leave,
		Log: s.log, Logs: func() bool { return lines.Refused(s.now()) },
	})
	var err error
	if s.driver, err = s.newDriver(s.connServers(plain, lines)); err != nil {
		listeners{ws, health}.close()
		return fmt.Errorf("cannot make the %s driver: %w", s.config.Driver, err)
	}
	handleHealth(probes, s.admission, s.driver)
	withPage := func(next http.Handler) http.Handler {
		return page.Handler(handleAttempts(next, &s.attempts, s.now, s.identity))
	}
	plainHandler := httpecho.Closing(httpecho.Handler(httpecho.Config{
		Policy: &s.policy, Identity: s.identity, Headers: &s.headers, Health: probes, Page: withPage,
		Controls: bool(s.config.Controls), After: time.After, Draining: s.admission.Draining(),
	}))
	s.plain = s.serveHTTP(plain, httpecho.ConnContext, httpecho.Deadlines(s.metrics.statuses.of(plainHandler), s.config.HandshakeTimeout, s.config.WriteTimeout))
	serving, stop := context.WithCancel(context.Background())
	defer stop()
	healthAddr := "off"
	if health != nil {
		conns := newHealthConns(s.files.health, socket.CloseWithReset, time.Now)
		handler := httpecho.Deadlines(s.healthHandler(serving, conns, ws.Addr()), s.config.HandshakeTimeout, s.config.WriteTimeout)
		s.health = s.serveHTTP(healthListener{dated{health, time.Now}, conns, s.leave}, conns.connContext, conns.handler(handler))
		healthAddr = health.Addr().String()
	}
	s.serving.Go(func() { s.driver.Serve(ws) })
	relieved := make(chan struct{})
	s.serving.Go(func() { newRelief(s.account, s.driver, plain, s.log, &s.metrics.shed).run(relieved) })
	s.log.Info("serving", "version", s.version, "addr", ws.Addr().String(), "health", healthAddr, "driver", s.driver.Name(), "tls", s.config.TLSCertFile != "",
		"max_connections", s.admission.Limit(), "memory_limit", config.Size(s.account.Limit()).String(), "max_message_size", s.config.MaxMessageSize.String(), "ping_interval_ms", s.config.PingInterval.Milliseconds())

	select {
	case <-ctx.Done():
	case <-signals:
	}
	stop()
	end, report := s.drain(signals)
	ws.Close()
	close(relieved)
	s.finish(end)
	lines.Summarize()
	report()
	return nil
}

// leaveTimeout returns how long a client may read nothing before the kernel discards the data for
// it: CLOSE_TIMEOUT each for the closing handshake, for lingering, and after that.
func (s *Service) leaveTimeout() time.Duration { return 3 * s.config.CloseTimeout }

// leave is called before a connection of plain HTTP or of the health port is closed.
func (s *Service) leave(nc net.Conn) { socket.Leave(nc, s.account, s.leaveTimeout()) }

// newDriver returns the driver that the configuration describes. There is a server for each of
// its loops.
func (s *Service) newDriver(servers []*wsconn.Server) (driver, error) {
	c := socket.Config{
		Open: func(remote string, loop int) socket.Handler {
			return wsconn.New(servers[loop], s.lastID.Add(1), remote)
		},
		Now:           s.now,
		Headroom:      wsproto.Headroom,
		Buffer:        wsproto.MinBuffer,
		WriteTimeout:  s.config.WriteTimeout,
		LeaveTimeout:  s.leaveTimeout(),
		Account:       s.account,
		ConnCost:      s.connCost,
		MaxHandshakes: s.files.handshakes,
		MaxSockets:    s.files.sockets,
		Log:           s.log,
	}
	if cert := s.certificate.Load(); cert != nil {
		c.TLS, c.NoTLS, c.BeforeTLS = serverTLS(cert), answerNoTLS, clientaddr.HeaderLength
		c.TLSFailed = s.metrics.tlsFailed
	}
	if s.loops > 0 {
		return newLoopDriver(c, s.loops)
	}
	return socket.NewPortable(c), nil
}

// idleTimeout is how long a connection of HEALTH_PORT may wait for its next request. It is
// well above the 60 s of Prometheus, so that the two do not race.
const idleTimeout = 3 * time.Minute

// serveHTTP serves HTTP on ln until the service ends. Requests are logged at debug, since
// most are probes.
func (s *Service) serveHTTP(ln net.Listener, connContext func(context.Context, net.Conn) context.Context, h http.Handler) *http.Server {
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.log.Debug("http request", append(httpecho.Attrs(r), "method", r.Method, "path", requestinfo.Visible(r.URL.Path))...)
			h.ServeHTTP(w, r)
		}),
		ReadHeaderTimeout: s.config.HandshakeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    wsproto.MaxHead,
		// The handlers answer OPTIONS * as they do every request.
		DisableGeneralOptionsHandler: true,

		ConnContext: connContext,
		ErrorLog:    slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	s.serving.Go(func() { server.Serve(ln) }) // returns when finish closes the server
	return server
}

// finishTimeout is the least time that a request has to be answered at the end.
const finishTimeout = 500 * time.Millisecond

// finish aborts the remaining connections and waits for every goroutine. Plain requests on
// PORT may be answered until end. The listeners must be closed.
func (s *Service) finish(end time.Time) {
	s.driver.Abort()
	s.driver.Wait()
	least := time.Now().Add(finishTimeout)
	if end.Before(least) {
		end = least
	}
	shutDown(s.plain, end)
	if s.health != nil {
		shutDown(s.health, least)
	}
	s.serving.Wait()
}

// shutDown ends a server. Requests may be answered until end.
func shutDown(server *http.Server, end time.Time) {
	ctx, cancel := context.WithDeadline(context.Background(), end)
	defer cancel()
	server.Shutdown(ctx) // Close aborts what is left at the deadline
	server.Close()
}
