package httpecho

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/requestinfo"
	"github.com/echosvc/echosvc/internal/respond"
	"github.com/echosvc/echosvc/internal/wsproto"
	"github.com/echosvc/echosvc/internal/wstest"
)

// serve serves a Handler on the loopback interface, with TLS if config is not nil, and
// returns its address. As in the service, the request head is read before the connection
// goes to the Listener.
func serve(t *testing.T, policy wsproto.Policy, config *tls.Config) (addr string) {
	t.Helper()
	return serveWith(t, policy, config, wstest.Patience, Limits{})
}

// serveWith is serve with a time-out for silence, and with limits.
func serveWith(t *testing.T, policy wsproto.Policy, config *tls.Config, silence time.Duration, limits Limits) (addr string) {
	t.Helper()
	return serveConfig(t, Config{Policy: &policy}, config, silence, limits)
}

// serveConfig is serveWith with a configuration of the handler.
func serveConfig(t *testing.T, c Config, config *tls.Config, silence time.Duration, limits Limits) (addr string) {
	t.Helper()
	ln := listen(t)
	if config != nil {
		ln = tls.NewListener(ln, config)
	}
	plain := NewListener(ln.Addr(), complete(limits))
	server := newServer(c, silence, wstest.Patience)
	go server.Serve(plain)
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			go deliver(plain, nc)
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		server.Close()
	})
	return ln.Addr().String()
}

// newHealth returns a handler of health checks.
func newHealth() http.Handler {
	health := http.NewServeMux()
	health.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) { respond.PlainText(w, 200, "ok") })
	return health
}

// newServer returns a server of what a Listener accepts.
func newServer(c Config, silence, write time.Duration) *http.Server {
	c.Identity, c.Headers, c.Health = requestinfo.Identity{Pod: "echosvc-0", Node: "node-1", Namespace: "tools", Version: "test"}, &requestinfo.Filter{}, newHealth()
	return &http.Server{
		Handler:                      Closing(Deadlines(Handler(c), silence, write)),
		ConnContext:                  ConnContext,
		DisableGeneralOptionsHandler: true,
	}
}

// deliver reads a request head and passes the connection to the Listener, or refuses it.
func deliver(plain *Listener, nc net.Conn) {
	read, request, refusal := readHead(nc)
	if refusal == nil {
		if _, answer := plain.Check(&request, date); answer != nil {
			nc.Write(answer)
			nc.Close()
			return
		}
		refusal = plain.Admit(&request)
	}
	if refusal != nil {
		nc.Write(refusal.AppendResponse(nil, date))
		nc.Close()
		return
	}
	plain.Deliver(nc, read, "")
}

// date is the Date of responses that net/http does not write.
const date = "Thu, 26 Nov 2026 00:45:00 GMT"

// complete returns limits with what a test leaves out.
func complete(l Limits) Limits {
	l.Log = discard
	if l.Health == nil {
		l.Health = newHealth()
	}
	if l.Account == nil {
		l.Account = budget.NewAccount(0)
	}
	if l.Logs == nil {
		l.Logs = func() bool { return true }
	}
	if l.Leave == nil {
		l.Leave = func(net.Conn) {}
	}
	return l
}

// readHead reads up to the end of a request head, as package wsconn does.
func readHead(nc net.Conn) (read []byte, r wsproto.Request, refusal *wsproto.HandshakeError) {
	var head wsproto.Head
	for piece := make([]byte, 1000); ; {
		n, err := nc.Read(piece)
		if err != nil {
			return nil, r, wsproto.Refuse(400, wsproto.ReasonMalformed, "the connection ended")
		}
		read = append(read, piece[:n]...)
		if n, refusal = head.Scan(read); refusal != nil || n > 0 {
			break
		}
	}
	if refusal == nil {
		r, refusal = wsproto.ParseRequest(read)
	}
	return read, r, refusal
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// anyOrigin is the policy of a service with ALLOWED_ORIGINS=*.
var anyOrigin = wsproto.Policy{AnyOrigin: true}

// answer is a response that has been read.
type answer struct {
	status string // such as "200 OK"
	code   int
	header http.Header
	body   string
}

// ask sends a request as it is and returns the answer.
func ask(t *testing.T, addr, request string) answer {
	t.Helper()
	c := wstest.Connect(t, addr)
	c.Send([]byte(request))
	response := c.Response()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.Status, response.StatusCode, response.Header, string(body)}
}

// askEcho is ask for a response that must be an echo in JSON.
func askEcho(t *testing.T, addr, request string) (got echo) {
	t.Helper()
	a := ask(t, addr, request)
	if a.header.Get("Content-Type") != "application/json" {
		t.Fatalf("answered with %s, %v, %q", a.status, a.header, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// pairs returns the name-value pairs of a list in which names and values alternate.
func pairs(list ...string) (pairs []requestinfo.NameValue) {
	for pair := range slices.Chunk(list, 2) {
		pairs = append(pairs, requestinfo.NameValue{Name: pair[0], Value: pair[1]})
	}
	return pairs
}

// discard is a log that discards its lines.
var discard = slog.New(slog.DiscardHandler)

// fakeConn is a connection that remembers its end.
type fakeConn struct {
	net.Conn
	closed bool
}

func (c *fakeConn) Close() error         { c.closed = true; return nil }
func (c *fakeConn) RemoteAddr() net.Addr { return &net.TCPAddr{} }
