package peers

import (
	"net/http"

	"github.com/gorilla/websocket"
)

// serveGorilla is the library's example "echo".
func serveGorilla(addr string) error {
	upgrader := websocket.Upgrader{EnableCompression: true}
	return serveHTTP(addr, func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		for {
			kind, message, err := c.ReadMessage()
			if err != nil {
				return
			}
			if err := c.WriteMessage(kind, message); err != nil {
				return
			}
		}
	})
}
