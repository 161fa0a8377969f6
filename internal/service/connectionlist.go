package service

import (
	"context"
	"slices"
	"time"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsconn"
)

// A list is made in parts, so that its memory is bounded. Each part needs a look at all
// connections.
const (
	maxRanks = 4096 // connections that are put in order at a time
	maxRows  = 256  // connections that are described at a time
)

// views calls a function with each WebSocket of a kind. The function must not keep the View.
type views func(visit func(*wsconn.View))

// openViews returns those that are open.
func openViews(d driver) views {
	return func(visit func(*wsconn.View)) {
		var v wsconn.View
		d.Each(func(h socket.Handler, held int64) (wake bool) {
			if c := h.(*wsconn.Conn); c.Established() {
				v = c.View(held)
				visit(&v)
			}
			return false
		})
	}
}

// lists makes lists of connections. Only one look at connections is taken at a time, because
// it takes time of the loops.
type lists struct {
	open, ended views
	now         func() socket.Instant
	clock       func(socket.Instant) time.Time // converts an instant to wall clock time

	looking chan struct{} // has room for one look
}

// listing is a list that is being made.
type listing struct {
	*lists
	ctx context.Context // done when the client is gone
	listQuery
	views views

	ranks    []rank // the next connections
	last     rank   // the last of ranks that have been taken
	begun    bool   // last is set
	total    int    // connections of this kind
	matching int    // of them, those that the query asks for
}

// begin begins a list, which ends when ctx is done.
func (l *lists) begin(ctx context.Context, q listQuery) *listing {
	made := &listing{lists: l, ctx: ctx, listQuery: q, views: l.open}
	if q.closed {
		made.views = l.ended
	}
	made.findRanks(q.offset + q.limit)
	return made
}

// look calls visit with each connection as soon as no other look is being taken. It gives up if the
// client leaves before that. Otherwise requests of clients that have left would pile up.
func (l *listing) look(visit func(*wsconn.View)) {
	select {
	case l.looking <- struct{}{}:
		defer func() { <-l.looking }()
		l.views(visit)
	case <-l.ctx.Done():
	}
}

// findRanks finds the next connections, at most n. A connection whose number changes between two
// looks may be found twice or not at all.
func (l *listing) findRanks(n int) {
	first := firstRanks{most: min(n, maxRanks), descending: l.descending}
	column := columns[l.sort]
	l.total, l.matching = 0, 0
	l.look(func(v *wsconn.View) {
		l.total++
		if !l.matches(v) {
			return
		}
		l.matching++
		r := rank{v.Number(column), v.ID()}
		if !l.begun || first.compare(r, l.last) > 0 { // not in an earlier part
			first.add(r)
		}
	})
	l.ranks = first.ranks
	if len(l.ranks) > 0 {
		l.last, l.begun = l.ranks[len(l.ranks)-1], true
	}
}

// each calls f with each connection of the page, until it returns false. The offset and the limit
// bound the number of parts: numbers that grow could otherwise be found again without end.
func (l *listing) each(f func(*wsconn.Info) bool) {
	if l.offset >= l.matching {
		return
	}
	skip, left := l.offset, l.limit
	for left > 0 && len(l.ranks) > 0 {
		page := l.ranks[min(skip, len(l.ranks)):]
		skip -= len(l.ranks) - len(page)
		for part := range slices.Chunk(page[:min(left, len(page))], maxRows) {
			left -= len(part)
			for _, info := range l.describe(part) {
				if info.ID != 0 && !f(&info) {
					return
				}
			}
		}
		if left == 0 || len(l.ranks) < maxRanks { // nothing follows
			return
		}
		l.findRanks(skip + left)
	}
}

// describe returns the connections of ranks, in their order. It returns the zero Info for
// those that have ended.
func (l *listing) describe(ranks []rank) []wsconn.Info {
	at := make(map[uint64]int, len(ranks))
	for i, r := range ranks {
		at[r.id] = i
	}
	infos := make([]wsconn.Info, len(ranks))
	l.look(func(v *wsconn.View) {
		if i, found := at[v.ID()]; found {
			infos[i] = v.Info(l.clock)
		}
	})
	return infos
}
