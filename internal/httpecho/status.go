package httpecho

import (
	"net/http"

	"github.com/echosvc/echosvc/internal/query"
)

// methods are those in Allow. The echo also answers others.
const methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"

// offerUpgrade adds the header fields of a 426 (RFC 9110 section 15.5.22).
func offerUpgrade(h http.Header) {
	h.Set("Upgrade", "websocket")
	h.Add("Connection", "Upgrade") // RFC 9110 section 7.8
	h["Sec-WebSocket-Version"] = []string{"13"}
}

// writeStatus begins a response with the status that a control sets. It reports whether the
// response may have content.
func writeStatus(w http.ResponseWriter, status int) bool {
	h := w.Header()
	content := true
	if f, ok := query.RequiredField(status); ok {
		h.Set(f.Name, f.Value)
	}
	switch status {
	case http.StatusMethodNotAllowed:
		h.Set("Allow", methods)
	case http.StatusUpgradeRequired:
		offerUpgrade(h)
	case http.StatusNoContent, http.StatusResetContent, http.StatusNotModified: // RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5
		h.Del("Content-Type")
		h.Set("Content-Length", "0") // which net/http sends with 205 only
		content = false
	}
	w.WriteHeader(status)
	return content
}
