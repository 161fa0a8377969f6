package service

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsconn"
)

// handleConnections adds /connections to mux: the open WebSockets as JSON.
func handleConnections(mux *http.ServeMux, d driver) {
	mux.HandleFunc("GET /connections", func(w http.ResponseWriter, r *http.Request) {
		list := connections(d)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		encoder.Encode(map[string]any{"count": len(list), "connections": list}) // an error means that the client is gone
	})
}

// connections lists the open WebSockets, the oldest first.
func connections(d driver) []wsconn.Info {
	list := []wsconn.Info{}
	d.Each(func(h socket.Handler) {
		if info, ok := h.(*wsconn.Conn).Info(); ok {
			list = append(list, info)
		}
	})
	slices.SortFunc(list, func(a, b wsconn.Info) int { return cmp.Compare(a.ID, b.ID) })
	return list
}
