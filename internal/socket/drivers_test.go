package socket

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/wstest"
)

// driver is the interface of both drivers.
type driver interface {
	Name() string
	Serve(net.Listener)
	Each(func(h Handler, held int64) (wake bool))
	Wake()
	Abort()
	Wait()
	Stalled() bool
	Measure()
	Shed(bytes int64, urgency Urgency) int
}

// newDriver has a constructor for each driver of the system.
var newDriver = map[string]func(Config) (driver, error){
	"portable": func(config Config) (driver, error) { return NewPortable(config), nil },
}

const testHeadroom = 10

// served is a driver that serves on loopback.
type served struct {
	driver
	*testing.T
	addr     string
	tls      bool
	account  *budget.Account
	now      func() Instant
	stopped  atomic.Int64   // the Instant at which the clock stands still; never while it runs
	next     chan *scripted // what the driver serves the next connection with
	handlers []*scripted
	clients  []net.Conn

	tlsFailures chan TLSError // of TLSFailed
}

// eachDriver runs a test with every driver of the system, over TCP and over TLS. When it
// ends, the handler of each connection must have had its last call, once.
func eachDriver(t *testing.T, test func(s *served)) {
	t.Helper()
	eachDriverWith(t, nil, test)
}

// eachDriverWith is eachDriver with a change of the configuration, which may be nil.
func eachDriverWith(t *testing.T, change func(*Config), test func(s *served)) {
	for name, construct := range newDriver {
		run(t, name, construct, change, test)
		run(t, name+" over TLS", construct, func(c *Config) {
			c.TLS = newTLSConfig(t)
			if change != nil {
				change(c)
			}
		}, test)
	}
}

// newTLSConfig returns a configuration for TLS with a new certificate.
func newTLSConfig(t testing.TB) *tls.Config {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(wstest.WriteCertificate(t, t.TempDir(), "test"))
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}}
}

// run runs a test with one driver.
func run(t *testing.T, name string, construct func(Config) (driver, error), change func(*Config), test func(s *served)) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		s := &served{T: t, next: make(chan *scripted, 1), tlsFailures: make(chan TLSError, 100)}
		start := time.Now().Add(-time.Nanosecond)
		config := Config{
			Open: func(string, int) Handler { return <-s.next },
			Now: func() Instant {
				if at := Instant(s.stopped.Load()); at != 0 {
					return at
				}
				return Instant(time.Since(start))
			},
			TLSFailed:    func(e TLSError) { s.tlsFailures <- e },
			Headroom:     testHeadroom,
			Buffer:       32 << 20, // so that one Step can write more than a socket takes
			WriteTimeout: time.Minute,
			Account:      budget.NewAccount(0),
			Log:          slog.New(slog.DiscardHandler),
		}
		if change != nil {
			change(&config)
		}
		var err error
		if s.driver, err = construct(config); err != nil {
			t.Fatal(err)
		}
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s.addr, s.account, s.now, s.tls = ln.Addr().String(), config.Account, config.Now, config.TLS != nil
		go s.Serve(ln)
		t.Cleanup(func() {
			ln.Close()
			s.end()
		})
		test(s)
	})
}

// stopClock stops the driver's clock, so that the speed of the machine does not matter.
func (s *served) stopClock() { s.stopped.Store(int64(s.now())) }

// end aborts the driver, and fails the test if it leaves something behind.
func (s *served) end() {
	s.Abort()
	s.Wait()
	for _, client := range s.clients {
		client.Close()
	}
	for _, h := range s.handlers {
		h.expectOneEnd(s.T)
	}
	if n := s.account.HeldBy(budget.Buffers); n != 0 {
		s.Errorf("%d bytes of buffers are in use at the end", n)
	}
}

// client is a client's end of a connection.
type client struct {
	net.Conn // over tcp
	tcp      *net.TCPConn
}

// CloseWrite ends the client's sending side.
func (c *client) CloseWrite() error {
	return c.Conn.(interface{ CloseWrite() error }).CloseWrite()
}

// reset closes the connection with a reset.
func (c *client) reset() {
	c.tcp.SetLinger(0)
	c.tcp.Close()
}

// dial opens a connection that is served with h. The TLS handshake comes with the first read
// or write.
func (s *served) dial(h *scripted) *client {
	s.Helper()
	s.next <- h
	nc, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.Fatal(err)
	}
	nc.SetDeadline(time.Now().Add(time.Minute))
	nc.(*net.TCPConn).SetReadBuffer(128 << 10) // or it grows to what the system allows
	s.handlers, s.clients = append(s.handlers, h), append(s.clients, nc)
	c := &client{nc, nc.(*net.TCPConn)}
	if s.tls {
		c.Conn = tls.Client(nc, &tls.Config{InsecureSkipVerify: true})
	}
	return c
}

// send has the client send p.
func (s *served) send(client net.Conn, p string) {
	s.Helper()
	if _, err := client.Write([]byte(p)); err != nil {
		s.Fatal(err)
	}
}

// expectRead has the client read want.
func (s *served) expectRead(client net.Conn, want string) {
	s.Helper()
	if got := readString(s.T, client, len(want)); got != want {
		s.Fatalf("read %q, want %q", got, want)
	}
}

// expectEnd has the client read want, and then the end of input.
func (s *served) expectEnd(client net.Conn, want string) {
	s.Helper()
	if got, err := io.ReadAll(client); string(got) != want || err != nil {
		s.Fatalf("read %q, %v; want %q and the end of input", got, err, want)
	}
}
