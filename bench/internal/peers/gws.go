package peers

import (
	"net/http"

	"github.com/lxzan/gws"
)

type gwsEcho struct{ gws.BuiltinEventHandler }

func (gwsEcho) OnMessage(socket *gws.Conn, message *gws.Message) {
	defer message.Close()
	socket.WriteMessage(message.Opcode, message.Bytes())
}

// OnPing answers with the ping's payload (RFC 6455 section 5.5.3). The built-in one does not.
func (gwsEcho) OnPing(socket *gws.Conn, payload []byte) { socket.WritePong(payload) }

// serveGws is the library's "Quick Start" without its parallel handlers, which would answer out of
// order.
func serveGws(addr string) error {
	upgrader := gws.NewUpgrader(gwsEcho{}, &gws.ServerOption{
		PermessageDeflate: gws.PermessageDeflate{Enabled: true},
	})
	return serveHTTP(addr, func(w http.ResponseWriter, r *http.Request) {
		socket, err := upgrader.Upgrade(w, r)
		if err != nil {
			return
		}
		go socket.ReadLoop() // outside the handler, so that the request can be garbage-collected
	})
}
