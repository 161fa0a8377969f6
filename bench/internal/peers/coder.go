package peers

import (
	"context"
	"io"
	"net/http"

	"github.com/coder/websocket"
)

// serveCoder is the library's example "echo": a reader copied into a writer.
func serveCoder(addr string) error {
	return serveHTTP(addr, func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionNoContextTakeover})
		if err != nil {
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(maxMessage)
		for echoCoder(r.Context(), c) == nil {
		}
	})
}

func echoCoder(ctx context.Context, c *websocket.Conn) error {
	kind, r, err := c.Reader(ctx)
	if err != nil {
		return err
	}
	w, err := c.Writer(ctx, kind)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, r); err != nil {
		return err
	}
	return w.Close()
}
