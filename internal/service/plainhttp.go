package service

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/echosvc/echosvc/internal/page"
)

// plainHandler answers requests on the WebSocket port that are not for a WebSocket.
func (s *Service) plainHandler() http.Handler {
	mux := http.NewServeMux()
	s.handleHealth(mux)
	mux.HandleFunc("/{$}", upgradeRequired)
	mux.HandleFunc("/.ws", upgradeRequired)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, pattern := mux.Handler(r)
		switch {
		case r.Method == http.MethodConnect: // a 200 would be a tunnel
			w.Header().Set("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
			plainText(w, http.StatusMethodNotAllowed, "This server is not a proxy.")
		case pattern != "":
			mux.ServeHTTP(w, r)
		case strings.HasSuffix(r.URL.Path, "/ws"):
			upgradeRequired(w, r)
		default: // past the mux, which would clean the path
			s.echoHTTP(w, r)
		}
	})
	return closing(s.logged(page.Handler(handler)))
}

// upgradeRequired says how to connect.
func upgradeRequired(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Upgrade", "websocket")
	w.Header().Add("Connection", "Upgrade") // RFC 9110 section 7.8
	w.Header()["Sec-WebSocket-Version"] = []string{"13"}
	here := "ws://" + r.Host + r.URL.EscapedPath()
	plainText(w, http.StatusUpgradeRequired, "This is a WebSocket echo server, and this request has no \"Upgrade: websocket\": either it did not come\n"+
		"from a WebSocket client, or a proxy has removed it. Any path opens a WebSocket, by wss where https is spoken:\n"+
		"in a browser's console, new WebSocket(\""+here+"\"); with a tool, websocat "+here)
}

// closing has the connection closed behind every response: a proxy that keeps its
// connections must never find an upgrade behind a request that net/http has read.
func closing(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close") // alone in its line, or net/http does not see it
		h.ServeHTTP(w, r)
	})
}

// logged logs each request at debug: most are probes.
func (s *Service) logged(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.log.Debug("http request", "remote", r.RemoteAddr, "method", r.Method, "path", r.URL.Path)
		h.ServeHTTP(w, r)
	})
}

// newHTTPServer makes an HTTP server with the time-outs of the configuration.
func (s *Service) newHTTPServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: s.config.HandshakeTimeout,
		ReadTimeout:       2 * s.config.HandshakeTimeout,
		WriteTimeout:      s.config.WriteTimeout,
		IdleTimeout:       time.Minute,
		// OPTIONS * goes to the handler as everything else.
		DisableGeneralOptionsHandler: true,

		ConnContext: withConn,
		ErrorLog:    slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

// handOver is a net.Listener in memory: connections that were accepted elsewhere, and
// turned out to be plain HTTP, come out of Accept.
type handOver struct {
	addr   net.Addr
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newHandOver(addr net.Addr) *handOver {
	return &handOver{addr: addr, conns: make(chan net.Conn), closed: make(chan struct{})}
}

// give hands over a connection from which read has been taken already.
func (h *handOver) give(nc net.Conn, read []byte) {
	select {
	case h.conns <- &replayConn{Conn: nc, first: read, read: read}:
	case <-h.closed:
		nc.Close()
	}
}

func (h *handOver) Accept() (net.Conn, error) {
	select {
	case nc := <-h.conns:
		return nc, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

func (h *handOver) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

func (h *handOver) Addr() net.Addr { return h.addr }

// replayConn is a connection whose first bytes have been read and are read again.
type replayConn struct {
	net.Conn
	first []byte // what had been read: the head of the request, and more
	read  []byte // the part of it that has not been read again
}

func (c *replayConn) Read(p []byte) (int, error) {
	if len(c.read) > 0 {
		n := copy(p, c.read)
		c.read = c.read[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// CloseWrite lets net/http end a response without a reset when there is unread input.
func (c *replayConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return io.ErrClosedPipe
}
