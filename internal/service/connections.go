package service

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/echosvc/echosvc/internal/respond"
	"github.com/echosvc/echosvc/internal/wsconn"
)

// handler serves /connections: the WebSockets that are open or, with closed=1, those that
// ended last. Browsers get HTML, others JSON.
func (l *lists) handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		values, err := parseQuery(r)
		var q listQuery
		if err == nil {
			q, err = parseListQuery(values)
		}
		if err != nil {
			respond.PlainText(w, http.StatusBadRequest, err.Error())
			return
		}
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Vary", "Accept")
		html := respond.Preferred(r, respond.JSON, respond.HTML) == respond.HTML
		if html {
			setHTML(h)
		} else {
			h.Set("Content-Type", respond.JSON)
		}
		switch list := l.begin(r.Context(), q); {
		case r.Method == http.MethodHead:
		case html:
			list.writeHTML(w, l.clock(l.now()))
		default:
			list.writeJSON(w)
		}
	})
}

// writeJSON writes the list as an object. An error of w means that the client is gone.
func (l *listing) writeJSON(w io.Writer) {
	fmt.Fprintf(w, "{\n  \"count\": %d,\n  \"matching\": %d,\n  \"offset\": %d,\n  \"limit\": %d,\n  \"connections\": [", l.total, l.matching, l.offset, l.limit)
	encoder := json.NewEncoder(&trimmed{w: w})
	encoder.SetIndent("    ", "  ")
	encoder.SetEscapeHTML(false) // it is no HTML, and each & of a query would be six bytes
	matching, n := l.matching, 0
	var last uint64
	l.each(func(info *wsconn.Info) bool {
		separator := ",\n    "
		if n == 0 {
			separator = "\n    "
		}
		n, last = n+1, info.ID
		if _, err := io.WriteString(w, separator); err != nil {
			return false
		}
		return encoder.Encode(info) == nil
	})
	if n > 0 {
		io.WriteString(w, "\n  ")
	}
	io.WriteString(w, "]")
	if l.sort == "id" && !l.descending && l.offset+n < matching {
		fmt.Fprintf(w, ",\n  \"next\": %d", last)
	}
	io.WriteString(w, "\n}\n")
}

// trimmed leaves out the newline at the end of each write.
type trimmed struct{ w io.Writer }

func (t *trimmed) Write(p []byte) (int, error) {
	n, err := t.w.Write(p[:len(p)-1])
	return n + 1, err
}
