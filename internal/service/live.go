package service

import (
	"sync"
	"time"
)

// live counts the WebSocket connections, and decides whether one more is admitted.
type live struct {
	mu    sync.Mutex
	max   int // connections at a time; 0 is no limit
	open  int
	drain drainTally
	empty chan struct{} // closed when the drain has begun and no connection is left
}

// drainTally is the account of a drain: total = clean + cut, once none is open.
type drainTally struct {
	begun bool
	total int // connections that were open when it began
	clean int // of those: closed with a close frame from both sides
	cut   int // of those: the others
}

// admission is the answer to a new connection.
type admission uint8

const (
	admitted admission = iota
	refusedFull
	refusedDraining
)

// admit counts a connection in, if it may come in.
func (l *live) admit() admission {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.drain.begun:
		return refusedDraining
	case l.max > 0 && l.open >= l.max:
		return refusedFull
	}
	l.open++
	return admitted
}

// leave counts an admitted connection out.
func (l *live) leave(clean bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	if !l.drain.begun {
		return
	}
	if clean {
		l.drain.clean++
	} else {
		l.drain.cut++
	}
	if l.open == 0 {
		close(l.empty)
	}
}

// beginDrain admits no more connections. The channel is closed when none is left.
func (l *live) beginDrain() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drain.begun = true
	l.drain.total = l.open
	l.empty = make(chan struct{})
	if l.open == 0 {
		close(l.empty)
	}
	return l.empty
}

// count is how many connections are open.
func (l *live) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open
}

// tally is the account of the drain so far.
func (l *live) tally() drainTally {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.drain
}

// connectionInfo is what is known of a live connection.
type connectionInfo struct {
	ID          uint64    `json:"id"`
	Remote      string    `json:"remote"`
	Since       time.Time `json:"since"`
	Messages    int64     `json:"messages"`
	Bytes       int64     `json:"bytes"`
	Subprotocol string    `json:"subprotocol,omitempty"`
	Extensions  string    `json:"extensions,omitempty"` // as in the response's header field
	Saved       int64     `json:"saved,omitempty"`      // bytes, by compression
	Controls    string    `json:"controls,omitempty"`
	RTT         string    `json:"rtt,omitempty"`
	State       string    `json:"state"`
}
