package wsconn

import (
	"strconv"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// nextWake returns when the controls or the keep-alive have something to do.
func (k *controlled) nextWake(c *Conn) socket.Instant {
	at := socket.Earliest(c.keepAliveWake(k.paused()), k.closeAt, k.dropAt, k.resetAt, k.stallAt)
	if !k.stalled {
		at = socket.Earliest(at, k.answerAt)
	}
	if k.maySend(c) {
		at = socket.Earliest(at, k.messageAt)
	}
	return at
}

// maySend reports whether the server may send a message of its own: not between the
// fragments of another (RFC 6455 section 5.4).
func (k *controlled) maySend(c *Conn) bool { return !c.echo.midMessage() && !k.midMessage }

// wake does what is due. A control that ends the connection comes first, then keep-alive,
// then the other controls.
func (k *controlled) wake(c *Conn, now socket.Instant, dst []byte) socket.Step {
	switch {
	case k.resetAt.Reached(now):
		c.life.noteClose(ByServer, end{why: whyControl, code: wsproto.CloseAbnormalClosure})
		return socket.Step{Then: socket.Reset}
	case k.dropAt.Reached(now):
		return c.drop(whyControl)
	case k.closeAt.Reached(now):
		dst = c.appendClose(dst, whyControl, k.closeCode, k.closeReason)
	default:
		if k.ping > 0 {
			k.pings.mayBeSent(c.server.Pace, now, &c.timers.nextPing) // keepAlive sends it
		}
		dst = c.keepAlive(now, dst, k.pingInterval(c.server.Config.PingInterval), k.paused())
	}
	if c.stage == stageClosing {
		return socket.Step{Write: dst} // read again, up to the client's close frame
	}
	return k.wakeOpen(c, now, dst)
}

// wakeOpen does what is due on a connection that stays open.
func (k *controlled) wakeOpen(c *Conn, now socket.Instant, dst []byte) socket.Step {
	k.stall(now)
	if k.maySend(c) && k.messages.mayBeSent(c.server.Pace, now, &k.messageAt) {
		dst = wsproto.AppendText(dst, strconv.AppendInt(nil, k.nextMessage(now, k.every), 10))
	}
	if k.answerAt.Reached(now) && !k.stalled {
		k.answerAt, k.waited = 0, true
	}
	if k.paused() {
		return socket.Step{Write: dst, Then: socket.Pause}
	}
	return socket.Step{Write: dst}
}
