package wsconn

import (
	"testing"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wstest"
)

// TestOrders: the next wake carries out what the operator wants, if the WebSocket is open.
func TestOrders(t *testing.T) {
	for name, query := range map[string]string{"plain": "", "controlled": "ping=0", "paused": "stall_in=0s"} {
		t.Run(name, func(t *testing.T) {
			c := newConnTest(t, nil)
			if c.conn.OrderDrop() {
				t.Error("a handshake is dropped")
			}
			c.openWith(upgrade(query))
			c.do(c.conn.Wake(c.now, nil))
			if !c.conn.OrderClose(1012, "moved") {
				t.Fatal("the WebSocket is not open")
			}
			c.sent = nil
			c.do(c.conn.Wake(c.now, nil))
			c.expect(socket.Read, "\x88\x07\x03\xf4moved")
			if c.conn.OrderDrop() {
				t.Error("a closing connection is dropped")
			}
			c.receive(wstest.Frame(0x88, "\x03\xf4"))
			c.expect(socket.ShutDown)

			c = c.another().openWith(upgrade(query))
			c.do(c.conn.Wake(c.now, nil))
			c.conn.OrderDrop()
			c.do(c.conn.Wake(c.now, nil))
			c.expect(socket.ShutDown)
			c.receive(wstest.Frame(0x81, "late"))
			c.expect(socket.Read)
		})
	}
}
