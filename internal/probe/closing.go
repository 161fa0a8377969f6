package probe

import (
	"context"
	"strconv"

	"github.com/coder/websocket"
)

// closings are the closing handshakes that the probe starts.
var closings = []struct {
	name string
	sent websocket.CloseError
}{
	{"close 1000", websocket.CloseError{Code: 1000, Reason: "the probe's reason"}},
	{"close 4001", websocket.CloseError{Code: 4001, Reason: "κόσμε"}},
	{"close without a code", websocket.CloseError{Code: websocket.StatusNoStatusRcvd}},
}

// closing starts closing handshakes. The server must answer with the same code and reason
// (RFC 6455 section 5.5.1 says "typically") and then close TCP (section 7.1.1).
func (p *prober) closing(ctx context.Context) {
	for _, c := range closings {
		if ctx.Err() != nil || p.hopeless() {
			return
		}
		s, err := p.open(ctx, offer{})
		if err != nil {
			p.emit(failed(c.name, "%v", err))
			continue
		}
		p.emit(s.closes(ctx, c.name, c.sent))
		s.release()
	}
}

func (s *session) closes(ctx context.Context, name string, sent websocket.CloseError) Check {
	s.settle(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.conn.Close(sent.Code, sent.Reason) // the reader gets the answer
	}()
	err := s.end(ctx)
	if err == errStillOpen {
		return failed(name, "no close frame: none within %v", s.timeout)
	}
	<-done
	got, found := closeFrame(err)
	switch {
	case !found:
		return failed(name, "no close frame: %s", describeEnd(err))
	case got != sent:
		return failed(name, "answered with %s: sent %s", formatClose(got), formatClose(sent))
	}
	if err := s.wire.awaitEnd(s.timeout); err != nil {
		c := failed(name, "bad end of TCP: answered with the same code and reason, but %v", err)
		if err == errLeftOpen {
			response := s.wire.response.head()
			c.explain(diagnose("tcp-left-open", passedThrough(&response), "both close frames passed, but TCP stayed open"))
		}
		return c
	}
	return ok(name, "answered with the same code and reason, then closed TCP")
}

// settle makes sure that the session's reader, and not the library's Close, reads the next
// frame: Close does not return the reason of the close frame. A reader that has read a pong is
// still in its call.
func (s *session) settle(ctx context.Context) {
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s.ping(waiting) // without a pong, the wait was long enough for the reader
}

// serverCloses makes an echosvc close, and checks that its code and reason arrive. Other
// servers cannot be made to close.
func (p *prober) serverCloses(ctx context.Context) Check {
	const name = "close from the server"
	want := websocket.CloseError{Code: 4002, Reason: "the server's reason, κόσμε"}
	s, err := p.dial(ctx, offer{query: controls("close_after", "1", "close_code", strconv.Itoa(int(want.Code)), "close_reason", want.Reason)})
	if refusesControls(err) {
		return note(name, "not tested: the server refuses controls: %v", err)
	}
	if err != nil {
		return failed(name, "%v", err)
	}
	defer s.release()
	_, known, err := s.firstEcho(ctx, "the last message")
	if !known {
		return note(name, "not tested: the server does not support echosvc controls, so it cannot be made to close; -watch shows a close when one happens")
	}
	if err == nil {
		err = s.end(ctx)
	}
	if got, found := closeFrame(err); !found || got != want {
		return failed(name, "%s: the control asked for %s", describeEnd(err), formatClose(want))
	}
	return ok(name, "code and reason received as requested")
}
