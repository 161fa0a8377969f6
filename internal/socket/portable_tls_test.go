package socket

import (
	"crypto/tls"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// inBubbleOverTLS is inBubble with TLS. raw is below client.
func inBubbleOverTLS(t *testing.T, h *scripted, test func(t *testing.T, d *Portable, client *tls.Conn, raw net.Conn)) {
	t.Helper()
	config := newTLSConfig(t)
	config.SessionTicketsDisabled = true // a pipe has no buffer for them
	inBubbleWith(t, config, h, func(t *testing.T, d *Portable, raw net.Conn) {
		client := tls.Client(raw, &tls.Config{InsecureSkipVerify: true})
		if err := client.Handshake(); err != nil {
			t.Fatal(err)
		}
		test(t, d, client, raw)
	})
}

// TestPortableWriteTimeoutIsOnProgressOverTLS, and nothing is sent after it.
func TestPortableWriteTimeoutIsOnProgressOverTLS(t *testing.T) {
	h := &scripted{answer: func(string, string) (Step, int) { return Step{Write: make([]byte, 1000)}, 0 }}
	inBubbleOverTLS(t, h, func(t *testing.T, d *Portable, client *tls.Conn, raw net.Conn) {
		client.Write([]byte("x"))
		for range 3 {
			time.Sleep(29 * time.Second) // of the bubble
			raw.Read(make([]byte, 1))
		}
		synctest.Wait()
		time.Sleep(29 * time.Second)
		expectCalls(t, h, "receive x")
		time.Sleep(1301 * time.Millisecond) // a look every 0.3 s
		expectCalls(t, h, "receive x", "closed: "+ErrWriteTimeout.Error())
	})
}

// TestPortableAbortsTheLastBytesOverTLS, a close_notify among them, that the peer does not
// read.
func TestPortableAbortsTheLastBytesOverTLS(t *testing.T) {
	h := &scripted{answer: func(string, string) (Step, int) { return Step{Then: Close}, 0 }}
	inBubbleOverTLS(t, h, func(t *testing.T, d *Portable, client *tls.Conn, _ net.Conn) {
		client.Write([]byte("x"))
		expectCalls(t, h, "receive x")
		d.Abort()
		expectCalls(t, h, "receive x", "closed: "+net.ErrClosed.Error())
	})
}

// TestPortableTLSAnswersAKeyUpdateLater than the last write's deadline.
func TestPortableTLSAnswersAKeyUpdateLater(t *testing.T) {
	config := newTLSConfig(t)
	config.SessionTicketsDisabled = true
	h := &scripted{answer: echo}
	inBubbleWith(t, config, h, func(t *testing.T, d *Portable, raw net.Conn) {
		c := newRecordClient(t, raw)
		c.send(c.record(dataRecord, "a"))
		c.expect(dataRecord, "a")
		time.Sleep(time.Hour) // of the bubble
		c.send(c.record(handshakeRecord, keyUpdateAnswered))
		c.out.update()
		c.expect(handshakeRecord, keyUpdate)
		c.in.update()
		c.send(c.record(dataRecord, "b"))
		c.expect(dataRecord, "b")
	})
}

// haltingConn is a client's net.Conn that calls halt in the middle of its first write.
type haltingConn struct {
	net.Conn
	halt func()
}

func (c *haltingConn) Write(p []byte) (n int, err error) {
	if halt := c.halt; halt != nil {
		c.halt = nil
		if n, err = c.Conn.Write(p[:len(p)/2]); err != nil {
			return n, err
		}
		halt()
	}
	m, err := c.Conn.Write(p[n:])
	return n + m, err
}

// TestPortableWakesAfterTheTLSHandshake if it is woken during it, and the handshake goes on.
func TestPortableWakesAfterTheTLSHandshake(t *testing.T) {
	config := newTLSConfig(t)
	config.SessionTicketsDisabled = true
	h := &scripted{answer: echo}
	inBubbleWith(t, config, h, func(t *testing.T, d *Portable, raw net.Conn) {
		client := tls.Client(&haltingConn{raw, func() {
			synctest.Wait()
			d.Wake()
			expectCalls(t, h)
		}}, &tls.Config{InsecureSkipVerify: true})
		if err := client.Handshake(); err != nil {
			t.Fatal(err)
		}
		expectCalls(t, h, "wake")
		client.Write([]byte("a"))
		if got := readString(t, client, 1); got != "a" {
			t.Errorf("read %q", got)
		}
	})
}
