package wsconn

import (
	"sync"

	"github.com/echosvc/echosvc/internal/wsproto"
)

// lentEcho is the Echo of a connection. Within a message it is lent from a pool. Between
// messages a Rest is enough, which is smaller: most connections are idle.
type lentEcho struct {
	rest wsproto.Rest
	echo *wsproto.Echo // nil between messages
}

// echoes is the pool of Echos.
var echoes = sync.Pool{New: func() any { return new(wsproto.Echo) }}

// borrow returns the connection's Echo. settle or end must follow soon, to give it back.
func (l *lentEcho) borrow(config *wsproto.Config) *wsproto.Echo {
	if l.echo == nil {
		l.echo = echoes.Get().(*wsproto.Echo)
		l.rest.Resume(l.echo, config)
	}
	return l.echo
}

// settle gives the Echo back between messages.
func (l *lentEcho) settle() {
	if l.echo == nil {
		return
	}
	if rest, ok := l.echo.Rest(); ok {
		l.rest = rest
		l.giveBack()
	}
}

// keep keeps the state of an Echo that was resumed from rest: as a Rest if that is enough.
func (l *lentEcho) keep(echo *wsproto.Echo) {
	rest, ok := echo.Rest()
	if l.rest = rest; !ok {
		l.echo = echoes.Get().(*wsproto.Echo)
		*l.echo = *echo
	}
}

// end gives the Echo back at the end of the connection.
func (l *lentEcho) end() {
	if l.echo != nil {
		l.echo.Release()
		l.giveBack()
	}
}

func (l *lentEcho) giveBack() {
	*l.echo = wsproto.Echo{} // the pool keeps no history
	echoes.Put(l.echo)
	l.echo = nil
}

// The following methods are those of [wsproto.Echo].

func (l *lentEcho) deflate() wsproto.Deflate {
	if l.echo == nil {
		return l.rest.Deflate()
	}
	return l.echo.Deflate()
}

func (l *lentEcho) historySize() int {
	if l.echo == nil {
		return l.rest.HistorySize()
	}
	return l.echo.HistorySize()
}

func (l *lentEcho) inflaterSize() int {
	if l.echo == nil {
		return 0
	}
	return l.echo.InflaterSize()
}

func (l *lentEcho) release() {
	if l.echo != nil {
		l.echo.Release()
	}
}

func (l *lentEcho) midMessage() bool    { return l.echo != nil && l.echo.MidMessage() }
func (l *lentEcho) closeSent() bool     { return l.echo != nil && l.echo.CloseSent() }
func (l *lentEcho) closeReceived() bool { return l.echo != nil && l.echo.CloseReceived() }
