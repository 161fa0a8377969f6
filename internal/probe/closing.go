package probe

import (
	"context"
	"strconv"

	"github.com/coder/websocket"
)

// closings are the closing handshakes that the probe begins.
var closings = []struct {
	name string
	sent websocket.CloseError
}{
	{"close 1000", websocket.CloseError{Code: 1000, Reason: "the probe's reason"}},
	{"close 4001", websocket.CloseError{Code: 4001, Reason: "κόσμε"}},
	{"close without a code", websocket.CloseError{Code: websocket.StatusNoStatusRcvd}},
}

// closing closes with a code and a reason. The answer has to have the same (RFC 6455 section 5.5.1
// says "typically"), and the server to end TCP behind it (section 7.1.1).
func (p *prober) closing(ctx context.Context) {
	for _, c := range closings {
		if ctx.Err() != nil {
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
		s.conn.Close(sent.Code, sent.Reason) // the reader has what it returns, and the reason
	}()
	err := s.end(ctx)
	if err == errStillOpen {
		return failed(name, "no close frame: none came in answer within %v", s.timeout)
	}
	<-done
	got, found := closeFrame(err)
	switch {
	case !found:
		return failed(name, "no close frame: in answer, it was %s", ending(err))
	case got != sent:
		return failed(name, "answered with %s: closed with %s", closeText(got), closeText(sent))
	}
	if err := s.wire.awaitEnd(s.timeout); err != nil {
		return failed(name, "wrong end of TCP: answered with the same, but %v", err)
	}
	return ok(name, "answered with the same: and TCP was ended")
}

// settle makes sure that it is the session's reader that waits for the next frame, and not
// the library's Close, which would keep the reason of the close frame to itself: a reader that
// has met a pong stays within its call.
func (s *session) settle(ctx context.Context) {
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s.ping(waiting) // a server that does not answer has given the reader time enough
}

// serverCloses has an echosvc close, to see whether its code and reason arrive. Other servers
// cannot be told to.
func (p *prober) serverCloses(ctx context.Context) {
	const name = "close from the server"
	want := websocket.CloseError{Code: 4002, Reason: "the server's reason, κόσμε"}
	s, err := p.dial(ctx, offer{query: controls("close_after", "1", "close_code", strconv.Itoa(int(want.Code)), "close_reason", want.Reason)})
	if refusesControls(err) {
		p.emit(note(name, "not seen: the server refuses controls: %v", err))
		return
	}
	if err != nil {
		p.emit(failed(name, "%v", err))
		return
	}
	defer s.release()
	_, known, err := s.hello(ctx, "the last message")
	if !known {
		p.emit(note(name, "not seen: the server is no echosvc with controls, which can be told to close; -watch shows it when it happens"))
		return
	}
	if err == nil {
		err = s.end(ctx)
	}
	if got, found := closeFrame(err); !found || got != want {
		p.emit(failed(name, "%s: it was told to close with %s", ending(err), closeText(want)))
		return
	}
	p.emit(ok(name, "code and reason arrive as sent"))
}
