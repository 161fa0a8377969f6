package probe

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// maxEcho is the size of the largest message to read, in bytes: many times the largest sent.
const maxEcho = 16 << 20

// An offer is the part of a handshake that varies.
type offer struct {
	query        url.Values // echosvc controls, see controls.go
	subprotocols []string
	compression  websocket.CompressionMode
}

// A session is an open WebSocket. A goroutine reads all the time, so that pings are answered
// and the time at which the connection ends is known.
type session struct {
	conn     *websocket.Conn
	wire     *wire
	response *http.Response
	timeout  time.Duration
	took     time.Duration // the whole handshake
	opened   time.Time

	messages chan message // closed when the connection ends
	err      error        // why the connection ended; valid after messages is closed
	ended    time.Time    // when it ended; likewise
	pings    atomic.Int64 // from the server
	pongs    atomic.Int64 // from the server, whatever their payload
	released chan struct{}
	once     sync.Once
	counted  *atomic.Int64 // the number of open connections that this one is part of; nil for none
}

// A message is a message from the server.
type message struct {
	kind    websocket.MessageType
	payload []byte
	pieces  int // reads it took: for a small message, the number of its non-empty fragments
}

// dial opens a WebSocket. The error is a [*handshakeError].
func (t *Target) dial(ctx context.Context, o offer) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	var lower atomic.Pointer[wire]
	dialer := func(config *tls.Config) func(context.Context, string, string) (net.Conn, error) {
		return func(ctx context.Context, network, address string) (net.Conn, error) {
			w, err := t.dialWire(ctx, network, address, config)
			if err != nil {
				return nil, err
			}
			lower.Store(w)
			return w, nil
		}
	}
	s := &session{timeout: t.Timeout, messages: make(chan message, 1), released: make(chan struct{})}
	started := time.Now()
	conn, response, err := websocket.Dial(ctx, t.urlWith(o.query), &websocket.DialOptions{
		HTTPClient: &http.Client{
			Transport: &http.Transport{
				DialContext: dialer(nil), DialTLSContext: dialer(t.TLS), DisableKeepAlives: true,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		HTTPHeader: t.Header, Host: t.Host, Subprotocols: o.subprotocols,
		CompressionMode: o.compression, CompressionThreshold: 1,
		OnPingReceived: func(context.Context, []byte) bool { s.pings.Add(1); return true },
		OnPongReceived: func(context.Context, []byte) { s.pongs.Add(1) },
	})
	s.took = time.Since(started)
	if err != nil {
		return nil, t.explain(ctx, err, response, lower.Load(), s.took)
	}
	conn.SetReadLimit(maxEcho)
	s.conn, s.response, s.opened, s.wire = conn, response, time.Now(), lower.Load()
	s.wire.held.Store(true)
	go s.read()
	return s, nil
}

// explain returns the error of a handshake that failed with err. response and w may be nil.
func (t *Target) explain(ctx context.Context, err error, response *http.Response, w *wire, took time.Duration) *handshakeError {
	e := &handshakeError{cause: simplify(err), reached: w != nil}
	if w != nil {
		e.sent, e.received = w.request.head(), w.response.recorded()
	}
	switch {
	case response != nil && response.StatusCode != http.StatusSwitchingProtocols:
		body, _ := io.ReadAll(response.Body) // the library has read the beginning, and closed the rest
		e.cause = &refusal{response.StatusCode, w.response.head(), string(body), took}
	case e.switched(): // after a 101 that it rejects, the library waits for a body
	case ctx.Err() != nil && !errors.Is(context.Cause(ctx), context.Canceled):
		e.cause = fmt.Errorf("no answer to the handshake within %v (%w)", t.Timeout, ctx.Err())
	}
	return e
}

// read reads until the connection ends.
func (s *session) read() {
	defer close(s.messages)
	buffer := make([]byte, 16<<10)
	for {
		m, err := s.readMessage(buffer)
		if err != nil {
			s.err, s.ended = err, time.Now()
			return
		}
		select {
		case s.messages <- m:
		case <-s.released:
			s.err, s.ended = net.ErrClosed, time.Now()
			return
		}
	}
}

func (s *session) readMessage(buffer []byte) (m message, err error) {
	kind, r, err := s.conn.Reader(context.Background())
	if err != nil {
		return m, err
	}
	var payload bytes.Buffer
	for m.kind = kind; ; m.pieces++ {
		n, err := r.Read(buffer)
		payload.Write(buffer[:n])
		if err == io.EOF {
			m.payload = payload.Bytes()
			if n > 0 {
				m.pieces++
			}
			return m, nil
		}
		if err != nil {
			return m, err
		}
	}
}

// next waits for a message, at most the time-out. If the connection ends, the error says how.
func (s *session) next(ctx context.Context) (message, error) {
	timeout := time.NewTimer(s.timeout)
	defer timeout.Stop()
	select {
	case m, open := <-s.messages:
		if !open {
			return m, s.err
		}
		return m, nil
	case <-timeout.C:
		return message{}, fmt.Errorf("no message within %v", s.timeout)
	case <-ctx.Done():
		return message{}, ctx.Err()
	}
}

// send writes a message.
func (s *session) send(ctx context.Context, kind websocket.MessageType, payload []byte) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	err := s.conn.Write(ctx, kind, payload)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("the server did not read it within %v", s.timeout)
	}
	return err
}

// echo sends a message and returns the next one received. An error of the read takes
// precedence: after the server has closed, the write may fail too, but only the read says how.
func (s *session) echo(ctx context.Context, kind websocket.MessageType, payload []byte) (message, error) {
	writeErr := s.send(ctx, kind, payload)
	m, err := s.next(ctx)
	if errors.Is(err, net.ErrClosed) && writeErr != nil {
		err = writeErr
	}
	return m, err
}

// ping sends a ping and waits for the pong with the same payload (RFC 6455 section 5.5.3).
func (s *session) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	before := s.pongs.Load()
	err := s.conn.Ping(ctx)
	if err != nil && s.pongs.Load() > before {
		return errors.New("the pong does not have the ping's payload (RFC 6455 section 5.5.3)")
	}
	if err != nil {
		return s.endOr(err)
	}
	return nil
}

// endOr returns the error that ended the connection, or err if it has not ended.
func (s *session) endOr(err error) error {
	select {
	case _, open := <-s.messages:
		if !open && !errors.Is(s.err, net.ErrClosed) {
			return s.err
		}
	default:
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("none within %v", s.timeout)
	}
	return err
}

// over reports whether the connection has ended.
func (s *session) over() bool {
	select {
	case _, open := <-s.messages:
		return !open
	default:
		return false
	}
}

// end discards messages until the connection ends, at most the time-out. The error says how it
// ended.
func (s *session) end(ctx context.Context) error {
	timeout := time.NewTimer(s.timeout)
	defer timeout.Stop()
	for {
		select {
		case _, open := <-s.messages:
			if !open {
				return s.err
			}
		case <-timeout.C:
			return errStillOpen
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// release closes the connection in any state, and waits for the reader to return.
func (s *session) release() {
	s.once.Do(func() {
		close(s.released)
		s.wire.release()
		s.conn.CloseNow()
		for range s.messages {
		}
		if s.counted != nil {
			s.counted.Add(-1)
		}
	})
}
