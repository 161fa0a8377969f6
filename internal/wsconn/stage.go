package wsconn

import "github.com/echosvc/echosvc/internal/wsproto"

// stage is where a connection is in its life:
//
//	head -> open -> closing -> lingering    the server starts the closing handshake
//	head -> open ------------> lingering    the client starts it, or breaks the protocol
//	head --------------------> lingering    the handshake is refused
//	head -> hijacked                        plain HTTP
type stage uint8

const (
	stageHead      stage = iota // the request head is arriving
	stageOpen                   // messages are echoed
	stageClosing                // the server waits for the end of the closing handshake
	stageLingering              // the sending side is shut down; input is discarded
)

func (s stage) String() string {
	return [...]string{"handshake", "open", "closing", "closed"}[s]
}

// Initiator is the side that started the close.
type Initiator uint8

// The initiators.
const (
	ByNobody Initiator = iota // TCP ended without a close frame, and not because of a control or an operator
	ByClient                  // the client sent the first close frame
	ByServer                  // the server did, or it ended TCP because of a control or an operator
)

func (i Initiator) String() string { return [...]string{"nobody", "client", "server"}[i] }

// life is the stage of a connection, and how it ended. Only its methods change the stage,
// and only forward.
type life struct {
	stage     stage
	initiator Initiator
	upgraded  bool // the handshake was accepted
	flushed   bool // the server's close frame has been sent completely
	err       wsproto.ProtocolError
	end
}

// end is how a connection ends: why, and what is known of the first close frame.
type end struct {
	code   wsproto.CloseCode
	why    why
	reason uint8 // the length of its reason, in bytes
}

// newEnd returns the end by a close frame of the server.
func newEnd(why why, code wsproto.CloseCode, reason string) end {
	return end{why: why, code: code, reason: uint8(min(len(reason), wsproto.MaxCloseReason))}
}

// advance moves to a stage, unless the life is in a later one.
func (l *life) advance(to stage) { l.stage = max(l.stage, to) }

// open starts the stage in which messages are echoed.
func (l *life) open() {
	l.advance(stageOpen)
	l.upgraded = true
}

// startClosing notes which side started the closing handshake, and starts to wait for its
// end.
func (l *life) startClosing(by Initiator, how end) {
	l.noteClose(by, how)
	l.advance(stageClosing)
}

// linger starts the last stage, in which nothing is sent.
func (l *life) linger() { l.advance(stageLingering) }

// endedItself reports whether the server has sent a close frame for a reason other than a drain.
// Then a drain does not cut the connection, even if the client never answers: one that broke the
// protocol need not (RFC 6455 section 7.1.7).
func (l *life) endedItself() bool { return l.flushed && l.why != whyDrain }

// fail notes that the client broke the protocol.
func (l *life) fail(err wsproto.ProtocolError, reason string) {
	l.err = err
	l.noteClose(ByServer, newEnd(whyProtocolError, err.CloseCode(), reason))
}

// noteClose notes which side started the close, and how. Only the first call counts.
// If the server started and the client never answered, RFC 6455 section 7.1.5 would call
// the code 1006. The log has the server's code and clean=false instead.
func (l *life) noteClose(by Initiator, how end) {
	if l.initiator == ByNobody {
		l.initiator, l.end = by, how
	}
}
