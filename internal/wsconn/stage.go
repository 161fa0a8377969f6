package wsconn

import "github.com/echosvc/echosvc/internal/wsproto"

// stage is where a connection is in its life:
//
//	head -> open -> closing -> lingering    the server starts the closing handshake
//	head -> open ------------> lingering    the client does, or it breaks the protocol
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
	ByNobody Initiator = iota // TCP ended without a close frame
	ByClient
	ByServer
)

func (i Initiator) String() string { return [...]string{"nobody", "client", "server"}[i] }

// life is the stage of a connection and how it ended. Its methods are the only code that
// changes the stage, and they change it forward only.
type life struct {
	stage     stage
	initiator Initiator
	upgraded  bool // the handshake was accepted
	flushed   bool // the server's close frame has been sent to its last byte
	code      wsproto.CloseCode
	err       wsproto.ProtocolError
}

// advance goes forward to a stage, or stays in a later one.
func (l *life) advance(to stage) { l.stage = max(l.stage, to) }

// open starts the stage in which messages are echoed.
func (l *life) open() {
	l.advance(stageOpen)
	l.upgraded = true
}

// startClosing notes that one side has started the closing handshake, and waits for the
// other half of it.
func (l *life) startClosing(by Initiator, code wsproto.CloseCode) {
	l.noteClose(by, code)
	l.advance(stageClosing)
}

// linger starts the end: nothing more is sent.
func (l *life) linger() { l.advance(stageLingering) }

// fail notes that the client broke the protocol.
func (l *life) fail(err wsproto.ProtocolError) {
	l.err = err
	l.noteClose(ByServer, err.CloseCode())
}

// noteClose notes who started the close and with which code. Only the first call counts,
// so when the server started, the code is the server's own. RFC 6455 section 7.1.5 calls
// that 1006 until the client has answered; the log has "clean" for the difference.
func (l *life) noteClose(by Initiator, code wsproto.CloseCode) {
	if l.initiator == ByNobody {
		l.initiator, l.code = by, code
	}
}
