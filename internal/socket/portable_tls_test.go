package socket

import (
	"net"
	"testing"
	"time"
)

// goodbyePipe is a pipe that closes as crypto/tls does: it sends a goodbye first, and waits
// up to 5 s for the peer to read it.
type goodbyePipe struct{ net.Conn }

func (p *goodbyePipe) NetConn() net.Conn { return p.Conn }

func (p *goodbyePipe) Close() error {
	p.Conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
	p.Conn.Write([]byte("goodbye"))
	return p.Conn.Close()
}

// serveGoodbye has d serve h over a goodbyePipe.
func serveGoodbye(d *Portable, h *scripted) (client net.Conn) {
	client, server := net.Pipe()
	c := &portableConn{driver: d, nc: &goodbyePipe{server}, handler: h}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.conns[c] = struct{}{}
	d.running.Go(c.run)
	return client
}

// closing returns a handler that closes at once, for the connection that every bubble has.
func closing() *scripted { return &scripted{opened: Step{Then: Close}} }

// TestPortableSendsNoGoodbyeAfterAWriteTimeout, since it would wait for 5 s more.
func TestPortableSendsNoGoodbyeAfterAWriteTimeout(t *testing.T) {
	h := &scripted{answer: func(string, string) (Step, int) { return Step{Write: []byte("answer")}, 0 }}
	inBubble(t, closing(), func(t *testing.T, d *Portable, _ net.Conn) {
		client := serveGoodbye(d, h)
		client.Write([]byte("x"))
		time.Sleep(29 * time.Second) // of the bubble
		expectCalls(t, h, "receive x")
		time.Sleep(1001 * time.Millisecond)
		expectCalls(t, h, "receive x", "closed: "+ErrWriteTimeout.Error())
	})
}

// TestPortableAbortsAGoodbye that the peer does not read, so that Abort ends in time.
func TestPortableAbortsAGoodbye(t *testing.T) {
	h := &scripted{answer: func(string, string) (Step, int) { return Step{Then: Close}, 0 }}
	inBubble(t, closing(), func(t *testing.T, d *Portable, _ net.Conn) {
		client := serveGoodbye(d, h)
		client.Write([]byte("x"))
		expectCalls(t, h, "receive x")
		d.Abort()
		expectCalls(t, h, "receive x", "closed")
	})
}
