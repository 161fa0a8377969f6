package service

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/echosvc/echosvc/internal/respond"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsconn"
)

// The number of connections in one answer of /connections, unless the query says less. It
// bounds the memory and the time that an answer takes.
const (
	defaultListed = 1000
	maxListed     = 10_000
)

// connectionsHandler serves /connections: the open WebSockets in JSON, the oldest first. The
// query has limit, and after for the ID after which the list continues.
func connectionsHandler(d driver, clock func(socket.Instant) time.Time) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit, err := queryNumber(r, "limit", defaultListed, 1, maxListed)
		after, err2 := queryNumber(r, "after", 0, 0, 1<<62)
		if err = cmp.Or(err, err2); err != nil {
			respond.PlainText(w, http.StatusBadRequest, err.Error())
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)                                         // it is no HTML, and each & of a query would be six bytes
		encoder.Encode(listConnections(d, clock, uint64(after), int(limit))) // an error means that the client is gone
	})
}

// queryNumber returns a number in the query of r, or byDefault.
func queryNumber(r *http.Request, name string, byDefault, least, most int64) (int64, error) {
	value := r.URL.Query().Get(name)
	if value == "" {
		return byDefault, nil
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%s must be a whole number from %d to %d", name, least, most)
	}
	return n, nil
}

// connectionList is the answer of /connections.
type connectionList struct {
	Count       int           `json:"count"` // all that are open
	Connections []wsconn.Info `json:"connections"`
	Next        uint64        `json:"next,omitempty"` // after=Next continues the list
}

// listConnections lists the limit oldest WebSockets whose ID is more than after. It holds at
// most twice as many at a time.
func listConnections(d driver, clock func(socket.Instant) time.Time, after uint64, limit int) connectionList {
	list := connectionList{Connections: []wsconn.Info{}}
	more := false
	keepOldest := func() {
		slices.SortFunc(list.Connections, func(a, b wsconn.Info) int { return cmp.Compare(a.ID, b.ID) })
		if len(list.Connections) > limit {
			list.Connections, more = list.Connections[:limit], true
		}
	}
	d.Each(func(h socket.Handler, held int64) (wake bool) {
		c := h.(*wsconn.Conn)
		if !c.Upgraded() {
			return false
		}
		list.Count++
		if c.ID() > after {
			v := c.View(held)
			list.Connections = append(list.Connections, v.Info(clock))
		}
		if len(list.Connections) == 2*limit {
			keepOldest()
		}
		return false
	})
	keepOldest()
	if more {
		list.Next = list.Connections[limit-1].ID
	}
	return list
}
