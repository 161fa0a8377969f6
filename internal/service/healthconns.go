package service

import (
	"container/list"
	"net"
	"net/http"
	"sync"
)

// waitingConns are the connections of the health port that have no request, in the order in
// which they began to wait for one. At the limit the oldest is closed, so that silent ones neither
// take the descriptors of PORT nor keep a probe waiting.
type waitingConns struct {
	limit int

	mu    sync.Mutex
	order list.List
	conns map[net.Conn]*list.Element
}

func newWaitingConns(limit int) *waitingConns {
	return &waitingConns{limit: limit, conns: map[net.Conn]*list.Element{}}
}

// note is the ConnState of an http.Server.
func (w *waitingConns) note(nc net.Conn, state http.ConnState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e := w.conns[nc]; e != nil {
		w.order.Remove(e)
		delete(w.conns, nc)
	}
	if state != http.StateNew && state != http.StateIdle {
		return
	}
	w.conns[nc] = w.order.PushBack(nc)
	if w.order.Len() > w.limit {
		oldest := w.order.Remove(w.order.Front()).(net.Conn)
		delete(w.conns, oldest)
		oldest.Close()
	}
}
