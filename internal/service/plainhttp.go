package service

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// plainHandler answers requests on the WebSocket port that are not for a WebSocket.
func (s *Service) plainHandler() http.Handler {
	mux := http.NewServeMux()
	s.handleHealth(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Upgrade", "websocket")
		w.Header().Add("Connection", "Upgrade") // RFC 9110 section 7.8
		plainText(w, http.StatusUpgradeRequired, "This is a WebSocket echo server. Any path opens a WebSocket:\n"+
			"in a browser's console, new WebSocket(\"ws://\" + HOST + \"/\"); with a tool, websocat ws://HOST/")
	})
	return closing(s.logged(mux))
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

		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
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
	case h.conns <- &replayConn{Conn: nc, read: read}:
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
	read []byte
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
