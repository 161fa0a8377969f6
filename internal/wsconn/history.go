package wsconn

import (
	"strings"
	"sync"
	"unsafe"

	"github.com/echosvc/echosvc/internal/budget"
)

// maxHistory is how many WebSockets that have ended are remembered.
const maxHistory = 1000

// maxCause is how much of the error of a socket is remembered, in bytes.
const maxCause = 160

// History remembers the WebSockets that ended last. Its methods may be called from any
// goroutine.
type History struct {
	account *budget.Account

	mu   sync.Mutex
	last []remembered // at most maxHistory
	next int          // where the next one goes once there are that many
}

// remembered is a WebSocket that has ended. Its texts are bounded by maxPeerField, maxQuery and
// maxCause.
type remembered struct {
	view  View
	ended endedView
}

// NewHistory returns a History that puts what it holds on an account.
func NewHistory(account *budget.Account) *History { return &History{account: account} }

// add remembers a connection that ends now, and forgets the oldest one if there are too many.
func (h *History) add(v View, ended endedView) {
	r := remembered{v, ended}
	r.view.held = 0
	r.ended.cause = strings.Clone(cut(ended.cause, maxCause))
	size := r.size()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.last) < maxHistory {
		h.last = append(h.last, r)
	} else {
		size -= h.last[h.next].size()
		h.last[h.next] = r
		h.next = (h.next + 1) % maxHistory
	}
	h.account.Add(budget.Ended, size)
}

// size returns what is held for a connection, in bytes.
func (r *remembered) size() int64 {
	v := &r.view
	return int64(unsafe.Sizeof(*r)) + int64(len(v.peer)+len(v.subprotocol)+len(v.controls)+len(r.ended.cause))
}

// Each calls f with each of the WebSockets, in no order. f must not keep the View.
func (h *History) Each(f func(*View)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.last {
		v := h.last[i].view
		v.ended = &h.last[i].ended
		f(&v)
	}
}
