package socket

import (
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
)

// driver is what both drivers are to their user.
type driver interface {
	Name() string
	Serve(net.Listener)
	Each(func(Handler))
	Wake()
	Abort()
	Wait()
	Stalled() bool
	BytesInUse() int64
	Measure()
	Shed(bytes int64, atOnce bool) int
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
	addr    string
	account *budget.Account
}

// eachDriver runs a test with every driver of the system. The handlers of connections are
// taken from those given, in the order of dialing. When the test ends, each of them must
// have had its last call, once.
func eachDriver(t *testing.T, test func(s *served, dial func(*scripted) *net.TCPConn)) {
	t.Helper()
	eachDriverWith(t, nil, test)
}

// eachDriverWith is eachDriver with a change of the configuration; it may be nil.
func eachDriverWith(t *testing.T, change func(*Config), test func(s *served, dial func(*scripted) *net.TCPConn)) {
	for name, construct := range newDriver {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			next := make(chan *scripted, 10)
			start := time.Now().Add(-time.Nanosecond)
			config := Config{
				Open:         func(string) Handler { return <-next },
				Now:          func() Instant { return Instant(time.Since(start)) },
				Headroom:     testHeadroom,
				Buffer:       32 << 20, // so that one Step can write more than a socket takes
				WriteTimeout: time.Minute,
				Log:          slog.New(slog.DiscardHandler),
			}
			if change != nil {
				change(&config)
			}
			d, err := construct(config)
			if err != nil {
				t.Fatal(err)
			}
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			go d.Serve(ln)
			var handlers []*scripted
			var clients []net.Conn
			t.Cleanup(func() {
				ln.Close()
				d.Abort()
				d.Wait()
				for _, client := range clients {
					client.Close()
				}
				for _, h := range handlers {
					h.expectOneEnd(t)
				}
				if n := d.BytesInUse(); n != 0 {
					t.Errorf("%d bytes of buffers are in use at the end", n)
				}
			})
			test(&served{d, t, ln.Addr().String(), config.Account}, func(h *scripted) *net.TCPConn {
				handlers = append(handlers, h)
				next <- h
				client, err := net.Dial("tcp", ln.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				clients = append(clients, client)
				client.SetDeadline(time.Now().Add(time.Minute))
				return client.(*net.TCPConn)
			})
		})
	}
}

// send writes s to the driver.
func (s *served) send(client net.Conn, p string) {
	s.Helper()
	if _, err := client.Write([]byte(p)); err != nil {
		s.Fatal(err)
	}
}

// expectRead reads exactly want.
func (s *served) expectRead(client net.Conn, want string) {
	s.Helper()
	if got := readString(s.T, client, len(want)); got != want {
		s.Fatalf("read %q, want %q", got, want)
	}
}

// expectEnd reads want, and then the end of input.
func (s *served) expectEnd(client net.Conn, want string) {
	s.Helper()
	if got, err := io.ReadAll(client); string(got) != want || err != nil {
		s.Fatalf("read %q, %v; want %q and the end of input", got, err, want)
	}
}
