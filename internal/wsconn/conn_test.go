package wsconn

import (
	"testing"
	"time"
	"unsafe"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wstest"
)

// TestCloseByTheClient_Section7_1: the server answers, shuts down its sending side and
// waits for the end of input.
func TestCloseByTheClient_Section7_1(t *testing.T) {
	c := newConnTest(t, nil).open()
	c.receive(wstest.Frame(0x81, "Hello"), wstest.Frame(0x88, "\x0f\xa0done"))
	c.expect(socket.ShutDown, "\x81\x05Hello\x88\x06\x0f\xa0done")
	c.at(3 * time.Second)
	c.do(c.conn.EndOfInput(c.now))
	c.expect(socket.Close)
	if c.server.Admission.Open() != 0 {
		t.Error("the connection still counts as open")
	}
}

// TestCloseByTheServer_Section7_1: the server waits for the client's close frame, and does
// not answer the frames before it.
func TestCloseByTheServer_Section7_1(t *testing.T) {
	c := newConnTest(t, nil).open()
	c.receive(wstest.Frame(0x81, "bye"))
	c.expect(socket.Read, "\x81\x03bye\x88\x09\x03\xe8goodbye")
	c.receive(wstest.Frame(0x81, "late"), wstest.Frame(0x89, "late"))
	c.expect(socket.Read)
	c.receive(wstest.Frame(0x88, "\x03\xe8"))
	c.expect(socket.ShutDown)
	c.do(c.conn.EndOfInput(c.now))
	c.expect(socket.Close)
	if got := c.closed(); got["code"] != 1000.0 || got["initiator"] != "server" || got["clean"] != true {
		t.Errorf("logged %v", got)
	}
}

// TestTraffic: a message counts once, with its last fragment, and its payload as it arrives.
// Control frames and messages after a close frame do not count.
func TestTraffic(t *testing.T) {
	c := newConnTest(t, nil).open()
	c.receive(wstest.Frame(0x01, "He"), wstest.Frame(0x89, "ping"), wstest.Frame(0x80, "llo"), wstest.Frame(0x82, ""), wstest.Frame(0x02, "abc"))
	if got, want := c.settings.Metrics.traffic, (Traffic{Text: 1, Binary: 1, Bytes: 8}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
	c.receive(wstest.Frame(0x80, "d"), wstest.Frame(0x81, "bye"), wstest.Frame(0x81, "late"))
	if got, want := c.settings.Metrics.traffic, (Traffic{Text: 2, Binary: 2, Bytes: 12}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
	if c.conn.messages != 4 || c.conn.bytes != 12 {
		t.Errorf("the connection has %d messages of %d bytes", c.conn.messages, c.conn.bytes)
	}
}

// TestConnSize: most connections are idle, and a Conn is nearly all that wsconn holds for one.
func TestConnSize(t *testing.T) {
	if n := unsafe.Sizeof(Conn{}); n > 160 { // a size class of Go's allocator
		t.Errorf("a Conn takes %d bytes", n)
	}
}
