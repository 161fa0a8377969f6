package service

import (
	"container/list"
	"net"
	"net/http"
	"sync"
)

// healthConns are the connections of the health port: those that wait for a request, and those
// whose request is being answered, each in the order in which they began to. Beyond the limit,
// the oldest of the more numerous kind is dropped. So neither silent clients nor those that read
// no answer take the descriptors of PORT or keep a probe waiting.
type healthConns struct {
	limit int
	drop  func(net.Conn)

	mu       sync.Mutex
	waiting  list.List
	answered list.List
	conns    map[net.Conn]*list.Element
}

func newHealthConns(limit int, drop func(net.Conn)) *healthConns {
	return &healthConns{limit: limit, drop: drop, conns: map[net.Conn]*list.Element{}}
}

// note is the ConnState of an http.Server.
func (h *healthConns) note(nc net.Conn, state http.ConnState) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.remove(nc)
	switch state {
	case http.StateNew, http.StateIdle:
		h.conns[nc] = h.waiting.PushBack(nc)
	case http.StateActive:
		h.conns[nc] = h.answered.PushBack(nc)
	}
	if len(h.conns) <= h.limit {
		return
	}
	more := &h.waiting
	if h.answered.Len() > h.waiting.Len() {
		more = &h.answered
	}
	oldest := more.Front().Value.(net.Conn)
	h.remove(oldest)
	h.drop(oldest)
}

func (h *healthConns) remove(nc net.Conn) {
	if e := h.conns[nc]; e != nil {
		h.waiting.Remove(e)
		h.answered.Remove(e)
		delete(h.conns, nc)
	}
}

// leaving is a listener whose connections call leave before they are closed.
type leaving struct {
	net.Listener
	leave func(net.Conn)
}

func (l leaving) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &leavingConn{nc, l.leave}, nil
}

type leavingConn struct {
	net.Conn
	leave func(net.Conn)
}

func (c *leavingConn) Close() error {
	c.leave(c.Conn)
	return c.Conn.Close()
}

// NetConn returns the connection below.
func (c *leavingConn) NetConn() net.Conn { return c.Conn }

// CloseWrite lets net/http end a response without a reset when there is unread input.
func (c *leavingConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return net.ErrClosed
}
