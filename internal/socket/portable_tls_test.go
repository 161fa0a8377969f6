package socket

import (
	"net"
	"testing"
	"time"
)

// goodbyePipe is a pipe that is closed as TLS is: with a goodbye, for which its peer has 5 s.
type goodbyePipe struct{ net.Conn }

func (p *goodbyePipe) NetConn() net.Conn { return p.Conn }

func (p *goodbyePipe) Close() error {
	p.Conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
	p.Conn.Write([]byte("goodbye"))
	return p.Conn.Close()
}

// serveGoodbye serves h over a goodbyePipe, with the driver's other connections.
func serveGoodbye(d *Portable, h *scripted) (client net.Conn) {
	client, server := net.Pipe()
	c := &portableConn{driver: d, nc: &goodbyePipe{server}, handler: h}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.conns[c] = struct{}{}
	d.wait.Go(c.run)
	return client
}

// closing is for the other connection of a bubble.
func closing() *scripted {
	return &scripted{answer: func(string, string) Step { return Step{Then: Close} }}
}

// TestPortableSaysNoGoodbyeToWhoDoesNotRead: the time-out is not longer over TLS.
func TestPortableSaysNoGoodbyeToWhoDoesNotRead(t *testing.T) {
	h := &scripted{answer: func(string, string) Step { return Step{Write: []byte("answer")} }}
	inBubble(t, closing(), func(t *testing.T, d *Portable, _ net.Conn) {
		client := serveGoodbye(d, h)
		client.Write([]byte("x"))
		time.Sleep(29 * time.Second) // of the bubble
		expectCalls(t, h, "receive x")
		time.Sleep(1001 * time.Millisecond)
		expectCalls(t, h, "receive x", "closed: "+ErrWriteTimeout.Error())
	})
}

// TestPortableCutsAGoodbye: the end of the drain does not wait for one that nobody reads.
func TestPortableCutsAGoodbye(t *testing.T) {
	h := &scripted{answer: func(string, string) Step { return Step{Then: Close} }}
	inBubble(t, closing(), func(t *testing.T, d *Portable, _ net.Conn) {
		client := serveGoodbye(d, h)
		client.Write([]byte("x"))
		expectCalls(t, h, "receive x")
		d.Cut()
		expectCalls(t, h, "receive x", "closed")
	})
}
