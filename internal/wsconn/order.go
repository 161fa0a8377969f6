package wsconn

import (
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
)

// OrderClose has the next Wake send a close frame. It reports whether the WebSocket is open.
// Like View, it must not be called while another method runs.
func (c *Conn) OrderClose(code wsproto.CloseCode, reason string) bool {
	return c.give(order{code: code, reason: reason})
}

// OrderDrop is OrderClose without a close frame: TCP ends.
func (c *Conn) OrderDrop() bool { return c.give(order{drop: true}) }

func (c *Conn) give(o order) bool {
	if c.stage != stageOpen {
		return false
	}
	if c.more == nil {
		c.more = new(more)
	}
	c.more.order = &o
	return true
}

// obey carries out an order.
func (c *Conn) obey(o *order, scratch []byte) socket.Step {
	if o.drop {
		return c.drop(whyOperator)
	}
	return socket.Step{Write: c.appendClose(scratch, whyOperator, o.code, o.reason)}
}
