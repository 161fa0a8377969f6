package wsconn

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/requestinfo"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
	"github.com/echosvc/echosvc/internal/wstest"
)

// settings are what a test may change about a server.
type settings struct {
	Config
	MaxConnections int
	LimitedBy      string
	DrainSpread    time.Duration
	MaxMessageSize int64
	Compression    wsproto.Compression
	Identity       requestinfo.Identity
	Metrics        *recorder
	Account        *budget.Account
}

// newServer returns a server with the service's defaults, after changes.
func newServer(log *slog.Logger, change func(*settings)) (*Server, *settings) {
	s := &settings{
		Config: Config{
			HandshakeTimeout: 10 * time.Second, PingInterval: 25 * time.Second, PongTimeout: 20 * time.Second,
			CloseTimeout: 5 * time.Second, Goodbye: "bye", Controls: true,
		},
		DrainSpread: time.Second, MaxMessageSize: 64 << 20, Compression: wsproto.Stateless,
		Identity: requestinfo.Identity{Pod: "pod", Version: "test"}, Metrics: &recorder{}, Account: budget.NewAccount(0),
	}
	if change != nil {
		change(s)
	}
	return &Server{
		Config:    s.Config,
		Policy:    wsproto.Policy{AnyOrigin: true, AnySubprotocol: true, Compression: s.Compression},
		Protocol:  wsproto.Config{MaxMessageSize: s.MaxMessageSize, LimitReason: "over MAX_MESSAGE_SIZE", Inflaters: &inflaters{}},
		Identity:  s.Identity,
		Admission: NewAdmission(s.MaxConnections, s.LimitedBy, s.Account, func() float64 { return 0.5 }),
		Metrics:   s.Metrics,
		Account:   s.Account,
		Attempts:  &Attempts{},
		Pace:      &Pace{},
		History:   NewHistory(s.Account),
		HTTP:      noHTTP{},
		Log:       log,
		Lines:     NewLines(LogAll, log, func(time.Duration, func()) {}),
		Clock:     func(t socket.Instant) time.Time { return time.Unix(0, int64(t)).UTC() },
		WallClock: func() time.Time { return time.Unix(0, 0) },
	}, s
}

// inflaters is a pool that counts the inflaters in use.
type inflaters struct {
	pool sync.Pool
	lent int
}

func (i *inflaters) Get() *wsproto.Inflater {
	i.lent++
	if f, ok := i.pool.Get().(*wsproto.Inflater); ok {
		return f
	}
	return new(wsproto.Inflater)
}

func (i *inflaters) Put(f *wsproto.Inflater) {
	i.lent--
	i.pool.Put(f)
}

// noHTTP serves nothing.
type noHTTP struct{}

func (noHTTP) Check(*wsproto.Request, string) (string, []byte) { return "", nil }
func (noHTTP) Admit(*wsproto.Request) *wsproto.HandshakeError  { return nil }
func (noHTTP) Release()                                        {}
func (noHTTP) Deliver(net.Conn, []byte, string)                {}

// recorder is a Metrics that records every call.
type recorder struct {
	opened, pongsMissed int
	rejected            []wsproto.Reason
	traffic             Traffic
	rtts                []time.Duration
	closed              []Summary
	controls            []string // with the number added to each
}

func (r *recorder) Opened()                            { r.opened++ }
func (r *recorder) Rejected(e *wsproto.HandshakeError) { r.rejected = append(r.rejected, e.Reason) }
func (r *recorder) PongReceived(rtt time.Duration)     { r.rtts = append(r.rtts, rtt) }
func (r *recorder) PongMissed()                        { r.pongsMissed++ }
func (r *recorder) Closed(s *Summary)                  { r.closed = append(r.closed, *s) }
func (r *recorder) Controls(names string, n int64) {
	r.controls = append(r.controls, fmt.Sprintf("%s %+d", names, n))
}

func (r *recorder) Echoed(t Traffic) {
	r.traffic.Text += t.Text
	r.traffic.Binary += t.Binary
	r.traffic.Bytes += t.Bytes
	r.traffic.Saved += t.Saved
	r.traffic.Grown += t.Grown
}

// connTest runs one connection as a driver does, with a clock that the test moves. It fails
// the test if the connection breaks the contract of [socket.Handler].
type connTest struct {
	t        *testing.T
	server   *Server
	settings *settings
	conn     *Conn
	log      bytes.Buffer
	now      socket.Instant
	kept     []byte
	sent     []byte         // since the last call of expect
	step     socket.Step    // the last one
	wake     socket.Instant // the last result of NextWake

	crowded bool          // the Receive after a Yield is left to the test
	paused  bool          // after a Pause
	yielded bool          // after a Yield, until Receive is called again
	largest int           // the length of the longest write
	writing time.Duration // how long a write takes
}

// beginning is the time at which every test begins.
const beginning = socket.Instant(time.Hour)

func newConnTest(t *testing.T, change func(*settings)) *connTest {
	c := &connTest{t: t, now: beginning}
	log := slog.New(slog.NewJSONHandler(&c.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c.server, c.settings = newServer(log, change)
	c.begin()
	return c
}

// another returns one more connection of the same server.
func (c *connTest) another() *connTest {
	another := &connTest{t: c.t, server: c.server, settings: c.settings, now: c.now}
	another.begin()
	return another
}

func (c *connTest) begin() {
	c.conn = New(c.server, 1, "192.0.2.1:5000")
	c.do(c.conn.Opened(c.now))
}

// do carries out a step as a driver does.
func (c *connTest) do(step socket.Step) {
	c.t.Helper()
	c.sent = append(c.sent, step.Write...)
	c.largest = max(c.largest, len(step.Write))
	c.step = step
	c.now = c.now.Add(c.writing)
	c.conn.Flushed(c.now)
	switch step.Then {
	case socket.Close, socket.Reset:
		c.conn.Closed(c.now, nil)
		return
	case socket.Hijack:
		return
	case socket.Yield:
		c.yielded = true
	case socket.Pause:
		c.paused = true
	case socket.Read, socket.ShutDown:
		c.yielded = c.yielded || c.paused // at the end of a pause, Receive gets what was kept
		c.paused = false
	}
	if c.yielded && !c.paused && !c.crowded {
		c.receive()
		if step.Then == socket.ShutDown { // for the test; the step of Receive discards input
			c.step = step
		}
		return
	}
	c.wake = c.conn.NextWake()
}

// receive gives the connection the bytes that it kept, followed by parts.
func (c *connTest) receive(parts ...[]byte) {
	c.t.Helper()
	in := slices.Concat(append([][]byte{c.kept}, parts...)...)
	mem := append(make([]byte, wsproto.Headroom), in...)
	c.yielded = false
	step, kept := c.conn.Receive(c.now, mem, wsproto.Headroom, len(mem))
	if kept > len(in) {
		c.t.Fatalf("Receive keeps %d of %d bytes", kept, len(in))
	}
	if most := max(wsproto.MinBuffer, wsproto.Headroom+len(in)-kept); len(step.Write) > most {
		c.t.Fatalf("Receive writes %d bytes, and at most %d are allowed", len(step.Write), most)
	}
	c.kept = bytes.Clone(mem[len(mem)-kept:])
	step.Write = bytes.Clone(step.Write)
	c.do(step)
}

// wakeAt moves the clock to d after the beginning, which must be when the connection wants
// to be woken, and wakes it. An earlier wake must do nothing.
func (c *connTest) wakeAt(d time.Duration) {
	c.t.Helper()
	at := beginning.Add(d)
	if c.wake != at {
		c.t.Fatalf("NextWake returns %v, want %v", c.wake.Sub(beginning), d)
	}
	c.now = at - 1
	early := socket.Read
	if c.paused {
		early = socket.Pause
	}
	c.do(c.conn.Wake(c.now, nil))
	if c.wake != at || len(c.step.Write) != 0 || c.step.Then != early {
		c.t.Fatalf("an early wake did something: %+v", c.step)
	}
	c.now = at
	c.do(c.conn.Wake(c.now, nil))
}

// at moves the clock to d after the beginning.
func (c *connTest) at(d time.Duration) { c.now = beginning.Add(d) }

// drain starts the drain and wakes the connection.
func (c *connTest) drain() {
	c.t.Helper()
	c.server.Admission.Drain(c.now, c.settings.DrainSpread)
	c.do(c.conn.Wake(c.now, nil))
}

// upgrade returns an upgrade request with a query.
func upgrade(query string, lines ...string) string {
	return strings.Replace(wstest.Request(lines...), "GET /", "GET /any/path?"+query, 1)
}

// open completes the handshake.
func (c *connTest) open() *connTest {
	c.t.Helper()
	return c.openWith(wstest.Request())
}

// openWith completes the handshake with a request.
func (c *connTest) openWith(request string) *connTest {
	c.t.Helper()
	c.receive([]byte(request))
	if !strings.HasPrefix(string(c.sent), "HTTP/1.1 101 ") {
		c.t.Fatalf("the upgrade was answered with %q", c.sent)
	}
	c.sent = nil
	return c
}

// expect checks what was sent since the last call, and the last action.
func (c *connTest) expect(then socket.Action, want ...string) {
	c.t.Helper()
	if got := string(c.sent); got != strings.Join(want, "") || c.step.Then != then {
		c.t.Fatalf("sent %q, then %v; want %q, then %v", got, c.step.Then, want, then)
	}
	c.sent = nil
}

// closed returns the log line "connection closed", which must be the last.
func (c *connTest) closed() map[string]any {
	c.t.Helper()
	lines := strings.Split(strings.TrimSpace(c.log.String()), "\n")
	var line map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &line); err != nil || line["msg"] != "connection closed" {
		c.t.Fatalf("the last line of the log is %s", lines[len(lines)-1])
	}
	return line
}

// pairs returns the name-value pairs of a list in which names and values alternate.
func pairs(list ...string) (pairs []requestinfo.NameValue) {
	for pair := range slices.Chunk(list, 2) {
		pairs = append(pairs, requestinfo.NameValue{Name: pair[0], Value: pair[1]})
	}
	return pairs
}
