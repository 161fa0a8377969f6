package wsconn

import (
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wstest"
)

// TestEndOfInput: TCP ends without a close frame, in every stage.
func TestEndOfInput(t *testing.T) {
	t.Run("before the first byte", func(t *testing.T) {
		c := newConnTest(t, nil)
		c.do(c.conn.EndOfInput(c.now))
		c.expect(socket.Close)
	})
	t.Run("within the request head", func(t *testing.T) {
		c := newConnTest(t, nil)
		c.receive([]byte("GET / HTTP/1.1\r\n"))
		c.do(c.conn.EndOfInput(c.now))
		if !strings.HasPrefix(string(c.sent), "HTTP/1.1 400 ") || c.step.Then != socket.Close {
			t.Errorf("sent %q, then %v", c.sent, c.step.Then)
		}
	})
	t.Run("within a message", func(t *testing.T) {
		c := newConnTest(t, nil).open()
		c.receive(wstest.Frame(0x81, "Hello")[:8])
		c.do(c.conn.EndOfInput(c.now))
		c.expect(socket.Close)
		if got := c.closed(); got["code"] != 1006.0 || got["initiator"] != "nobody" || got["clean"] != false {
			t.Errorf("logged %v", got)
		}
	})
	t.Run("instead of the answer to a close frame", func(t *testing.T) {
		c := newConnTest(t, nil).open()
		c.receive(wstest.Frame(0x81, "bye"))
		c.do(c.conn.EndOfInput(c.now))
		if got := c.closed(); got["code"] != 1000.0 || got["initiator"] != "server" || got["clean"] != false {
			t.Errorf("logged %v", got)
		}
	})
}

// TestLingering_Section7_1_1: after its last byte the server discards input until the
// client ends it, is silent for a second, or CLOSE_TIMEOUT has passed.
func TestLingering_Section7_1_1(t *testing.T) {
	lingering := func() *connTest {
		c := newConnTest(t, nil).open()
		c.receive(wstest.Frame(0x88, ""))
		c.expect(socket.ShutDown, "\x88\x00")
		return c
	}
	silent := lingering()
	silent.wakeAt(time.Second)
	silent.expect(socket.Close)

	flooding := lingering()
	for i := range 9 {
		flooding.at(time.Duration(i+1) * 500 * time.Millisecond)
		flooding.receive([]byte("flood"))
		flooding.expect(socket.Read)
	}
	flooding.wakeAt(5 * time.Second)
	flooding.expect(socket.Close)
	if got := flooding.closed(); got["clean"] != true || got["code"] != 1005.0 {
		t.Errorf("logged %v", got)
	}
}

// TestLingering_AfterCloseTimeout: a client that has not answered the close frame may still be
// reading up to it (RFC 6455 section 7.1.1), so TCP ends as after a complete closing
// handshake. An answer that comes later does not make the end clean.
func TestLingering_AfterCloseTimeout(t *testing.T) {
	lingering := func() *connTest {
		c := newConnTest(t, nil).openWith(wstest.Request("Sec-WebSocket-Extensions: permessage-deflate"))
		c.receive(wstest.Frame(0x81, "bye"), wstest.Frame(0x41, "\xf2\x48\xcd")) // the beginning of "Hello" (RFC 7692 section 7.2.3.1)
		c.expect(socket.Read, "\x81\x03bye\x88\x09\x03\xe8goodbye")
		c.wakeAt(5 * time.Second)
		c.expect(socket.ShutDown)
		if held, unfinished := c.conn.Held(); held != 0 || unfinished {
			t.Errorf("%d bytes are held while lingering, %v", held, unfinished)
		}
		return c
	}
	silent := lingering()
	silent.wakeAt(6 * time.Second)
	silent.expect(socket.Close)

	late := lingering()
	for i := range 9 {
		late.at(5*time.Second + time.Duration(i+1)*500*time.Millisecond)
		late.receive(wstest.Frame(0x88, "\x03\xe8"))
		late.expect(socket.Read)
	}
	late.wakeAt(10 * time.Second) // CLOSE_TIMEOUT once more
	late.expect(socket.Close)
	for _, c := range []*connTest{silent, late} {
		if got := c.closed(); got["clean"] != false || got["code"] != 1000.0 || got["initiator"] != "server" {
			t.Errorf("logged %v", got)
		}
	}
}

// TestInflaterIsReturned when a connection ends within a compressed message.
func TestInflaterIsReturned(t *testing.T) {
	c := newConnTest(t, nil)
	c.receive([]byte(wstest.Request("Sec-WebSocket-Extensions: permessage-deflate")))
	pool := c.server.Protocol.Inflaters.(*inflaters)
	c.receive(wstest.Frame(0x41, "\xf2\x48\xcd")) // the beginning of "Hello" (RFC 7692 section 7.2.3.1)
	if pool.lent != 1 {
		t.Fatalf("%d inflaters are in use within a message, want 1", pool.lent)
	}
	c.do(c.conn.EndOfInput(c.now))
	if pool.lent != 0 {
		t.Errorf("%d inflaters are in use at the end", pool.lent)
	}
}
