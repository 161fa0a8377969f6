package service

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/echosvc/echosvc/internal/wstest"
)

// TestSilentConnectionsLeaveTheHealthPort: those beyond the limit are closed, and a probe is answered.
func TestSilentConnectionsLeaveTheHealthPort(t *testing.T) {
	r := start(t, "portable", nil)
	ends := make(chan error, 2*healthFiles)
	for range cap(ends) {
		c := wstest.Connect(t, r.health)
		go func() {
			_, err := c.Read(make([]byte, 1))
			ends <- err
		}()
	}
	for range healthFiles {
		if err := <-ends; err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a connection beyond the limit: %v; want an end", err)
		}
	}
	if got := get(t, "http://"+r.health+"/healthz"); got != http.StatusOK {
		t.Errorf("/healthz is %d", got)
	}
}

// namedConn is a connection that only has a name.
type namedConn struct {
	net.Conn
	name string
}

// TestHealthConnsBeyondTheLimit, which is 3. The events are
//
//	a   a new connection, and its first Read     A   bytes of a request, and the next Read
//	a?  a new connection without a Read          A!  bytes of a request without another Read
//	a+  its handler begins                       a-  its handler ends
//	a.  it ends                                  10  10 ms pass
func TestHealthConnsBeyondTheLimit(t *testing.T) {
	for _, test := range []struct{ name, events, want string }{
		{"as many as the limit", "a b c", ""},
		{"none has been silent for long", "a b c d", "wait 1ms"},
		{"the one that has been silent longest", "a 1 b c d", "drop a"},
		{"several", "a 1 b 1 c 9 d 9 e", "drop a, drop b"},
		{"none has waited for long", "a b c A B C 3 d", "wait 2ms"},
		{"the one that has waited longest", "a b c A 1 B 1 C 4 d", "drop a"},
		{"the one that is answered keeps its place", "a A a+ b 1 c 9 d", "drop b"},
		{"all are answered", "a a+ 10 b b+ c c+ 100 d", "last c, wait 90ms"},
		{"answered for long", "a a+ 10 b b+ c c+ 190 d", "last c, drop a"},
		{"after its answer", "a a+ 10 b b+ c c+ 20 b- 7 d", "last c, drop b"},
		{"just after its answer", "a a+ 10 b b+ c c+ 20 b- d", "last c, wait 5ms"},
		{"a request that trickles in", "a A 3 A 2 b c d", "drop a"},
		{"no Read yet", "a? 10 b? c? 100 d", "wait 90ms"},
		{"received, and not looked at yet", "a A! 10 b B! c C! 100 d", "wait 90ms"},
		{"the last answer of each connection at the limit", "a a+ a- b c a+ a- b+ c. b- b+", "last a, last b"},
		{"ended ones do not count", "a b c b. d", ""},
		{"a dropped one that ends", "a 1 b 1 c 9 d a. e", "drop a, drop b"},
	} {
		var got []string
		now := time.Unix(0, 0)
		h := newHealthConns(3, func(nc net.Conn) { got = append(got, "drop "+nc.(*namedConn).name) }, func() time.Time { return now })
		conns := map[string]*healthConn{}
		for event := range strings.FieldsSeq(test.events) {
			name := strings.ToLower(event[:1])
			c := conns[name]
			ms, err := strconv.Atoi(event)
			switch {
			case err == nil:
				now = now.Add(time.Duration(ms) * time.Millisecond)
			case c == nil:
				if wait, ok := h.makeRoom(); !ok {
					got = append(got, "wait "+wait.String())
					continue
				}
				conns[name] = &healthConn{Conn: &namedConn{name: name}, listener: healthListener{conns: h}}
				h.add(conns[name])
				if event == name {
					conns[name].reads()
				}
			case event[:1] != name:
				c.received()
				if len(event) == 1 {
					c.reads()
				}
			case event[1] == '-':
				c.waits()
				c.reads()
			case event[1] == '+':
				c.received()
				if c.works() {
					got = append(got, "last "+name)
				}
			case event[1] == '.':
				h.remove(c)
			}
		}
		if got := strings.Join(got, ", "); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// pipes is a listener whose connections come from a channel.
type pipes struct {
	net.Listener
	conns chan net.Conn
}

func (l pipes) Accept() (net.Conn, error) { return <-l.conns, nil }

// TestHealthPortWaitsForRoom: a new connection is accepted as soon as another has ended or can be
// dropped, as after 5 ms in which its client has not read an answer.
func TestHealthPortWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ln := pipes{conns: make(chan net.Conn, 4)}
		for range cap(ln.conns) {
			client, server := net.Pipe()
			defer client.Close()
			ln.conns <- server
		}
		conns := newHealthConns(1, func(nc net.Conn) { nc.Close() }, time.Now)
		l := healthListener{ln, conns, func(net.Conn) {}}
		begun := time.Now()
		accept := func(want time.Duration) *healthConn {
			t.Helper()
			nc, err := l.Accept()
			if after := time.Since(begun); err != nil || after != want {
				t.Errorf("accepted after %v, %v; want %v", after, err, want)
			}
			return nc.(*healthConn)
		}
		first := accept(0)
		first.works()
		time.AfterFunc(45*time.Millisecond, first.waits)
		second := accept(50 * time.Millisecond)
		second.works()
		time.AfterFunc(50*time.Millisecond, func() { second.Close() })
		third := accept(100 * time.Millisecond)
		third.works()
		written := make(chan error)
		go func() {
			_, err := third.Write([]byte("an answer"))
			written <- err
		}()
		synctest.Wait()
		defer accept(105 * time.Millisecond).Close()
		if err := <-written; err == nil {
			t.Error("the answer has been written")
		}
	})
}

// TestHealthPortComposesFewCostlyPages: two requests for a page are answered at a time. Another waits
// until one of them has ended or waits for its client, and is refused while all connections are taken.
func TestHealthPortComposesFewCostlyPages(t *testing.T) {
	for _, test := range []struct {
		name    string
		limit   int
		page    string // of the third request
		writing bool   // the first answer waits for its client
		want    string
	}{
		{"while there is room", 4, "/connections", false, "200 after 10ms"},
		{"with all connections taken", 3, "/connections", false, "503 after 5ms"},
		{"an answer that its client does not take", 3, "/connections", true, "200 after 0s"},
		{"another page", 3, "/metrics", false, "200 after 0s"},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := newHealthConns(test.limit, nil, time.Now)
			release := make(chan struct{})
			time.AfterFunc(6*time.Millisecond, func() { close(release) })
			var clients []net.Conn
			var served sync.WaitGroup
			held := h.costly(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if test.writing {
					r.Context().Value(healthConnKey{}).(*healthConn).Write([]byte("an answer"))
				}
				<-release
			}))
			serve := func(page string, handler http.Handler) *httptest.ResponseRecorder {
				client, server := net.Pipe()
				clients = append(clients, client)
				c := &healthConn{Conn: server, listener: healthListener{conns: h}}
				h.add(c)
				r := httptest.NewRequest(http.MethodGet, page, nil)
				r.Pattern = page
				w := httptest.NewRecorder()
				h.handler(handler).ServeHTTP(w, r.WithContext(h.connContext(t.Context(), c)))
				return w
			}
			for range composedAtOnce {
				served.Go(func() { serve("/connections", held) })
				synctest.Wait()
			}
			began := time.Now()
			w := serve(test.page, h.costly(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
			if got := fmt.Sprintf("%d after %v", w.Code, time.Since(began)); got != test.want {
				t.Errorf("%s: %s, want %s", test.name, got, test.want)
			}
			if refused := w.Code == http.StatusServiceUnavailable; refused != (w.Header().Get("Retry-After") != "") {
				t.Errorf("%s: %d with Retry-After %q", test.name, w.Code, w.Header().Get("Retry-After"))
			}
			for _, client := range clients {
				client.Close()
			}
			served.Wait()
		})
	}
}

// TestHealthPortLeaves: leave is called before a connection is closed, because the system keeps what
// the client has not taken of an answer.
func TestHealthPortLeaves(t *testing.T) {
	ln := loopback(t)
	defer ln.Close()
	var left []net.Conn
	client, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	conns := newHealthConns(1, nil, time.Now)
	nc, err := healthListener{ln, conns, func(nc net.Conn) { left = append(left, nc) }}.Accept()
	if err != nil {
		t.Fatal(err)
	}
	below := nc.(*healthConn).Conn
	if nc.Close(); !slices.Equal(left, []net.Conn{below}) {
		t.Errorf("leave was called with %v", left)
	}
	if _, err := below.Write([]byte("a")); err == nil {
		t.Error("the connection is open")
	}
}

// failingListener is a listener whose Accept fails for each of its errors, and then as if it were closed.
type failingListener struct {
	net.Listener
	errors []error
}

func (l *failingListener) Accept() (net.Conn, error) {
	if len(l.errors) == 0 {
		return nil, net.ErrClosed
	}
	err := l.errors[0]
	l.errors = l.errors[1:]
	return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", err)}
}

func (l *failingListener) Close() error   { return nil }
func (l *failingListener) Addr() net.Addr { return &net.TCPAddr{} }

// TestHealthPortSurvivesAnyErrorOfAccept: net/http alone gives up after most of them.
func TestHealthPortSurvivesAnyErrorOfAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ln := &failingListener{errors: []error{syscall.EMFILE, syscall.ENOMEM, syscall.EPERM, syscall.ENETDOWN}}
		server := &http.Server{ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)}
		if err := server.Serve(healthListener{Listener: ln}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Serve returns %v after %d of the errors", err, 4-len(ln.errors))
		}
	})
}
