package wsconn

import (
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wstest"
)

func TestHandshakeAndFramesInAnyCuts(t *testing.T) {
	in := wstest.Request("Sec-WebSocket-Protocol: a, b") + string(wstest.Frame(0x81, "early")) + string(wstest.Frame(0x89, "p"))
	want := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: a\r\n\r\n\x81\x05early\x8a\x01p"
	for cut := range len(in) + 1 {
		c := newConnTest(t, nil)
		c.receive([]byte(in[:cut]))
		c.receive([]byte(in[cut:]))
		c.expect(socket.Read, want)
	}
	c := newConnTest(t, nil)
	for i := range len(in) {
		c.receive([]byte(in[i : i+1]))
	}
	c.expect(socket.Read, want)
}

func TestRefusedUpgradeIsAnsweredAndCloses(t *testing.T) {
	c := newConnTest(t, nil)
	c.receive([]byte("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n"))
	if got := string(c.sent); !strings.HasPrefix(got, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n") || c.step.Then != socket.ShutDown {
		t.Fatalf("sent %q, then %v", got, c.step.Then)
	}
	c.sent = nil
	c.receive([]byte("more"))
	c.expect(socket.Read)
	c.do(c.conn.EndOfInput(c.now))
	c.expect(socket.Close)
	if c.server.Admission.Open() != 0 || strings.Contains(c.log.String(), "connection closed") {
		t.Error("a refused upgrade was counted as a connection")
	}
}

func TestPlainHTTPIsDetachedWithAllItsBytes(t *testing.T) {
	c := newConnTest(t, nil)
	c.receive([]byte("POST /x HTTP/1.1\r\n"))
	c.expect(socket.Read)
	c.receive([]byte("Content-Length: 4\r\n\r\nbody"))
	c.expect(socket.Hijack)
	if want := "POST /x HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody"; string(c.kept) != want {
		t.Errorf("kept %q, want %q", c.kept, want)
	}
}

func TestHeadersOverTheLimitAreRefused(t *testing.T) {
	c := newConnTest(t, nil)
	c.receive([]byte("GET / HTTP/1.1\r\n" + strings.Repeat("A: b\r\n", 2000) + "\r\n"))
	if !strings.HasPrefix(string(c.sent), "HTTP/1.1 431 ") {
		t.Errorf("sent %q", c.sent)
	}
	c = newConnTest(t, nil)
	c.receive([]byte("GET / SIP/2.0\r\n\r\n"))
	if !strings.HasPrefix(string(c.sent), "HTTP/1.1 400 ") {
		t.Errorf("sent %q", c.sent)
	}
}

func TestGoodbye(t *testing.T) {
	text, binary := byte(0x81), byte(0x82)
	goodbye := "\x88\x09\x03\xe8goodbye"
	tests := []struct {
		name, word string
		in         [][]byte
		want       string
	}{
		{"the word", "bye", [][]byte{wstest.Frame(text, "bye")}, "\x81\x03bye" + goodbye},
		{"in any case", "bye", [][]byte{wstest.Frame(text, "ByE")}, "\x81\x03ByE" + goodbye},
		{"in fragments", "bye", [][]byte{wstest.Frame(0x01, "b"), wstest.Frame(0x00, ""), wstest.Frame(0x80, "ye")}, "\x01\x01b\x00\x00\x80\x02ye" + goodbye},
		{"what follows is not answered", "bye", [][]byte{wstest.Frame(text, "bye"), wstest.Frame(text, "more")}, "\x81\x03bye" + goodbye},
		{"shorter", "bye", [][]byte{wstest.Frame(text, "by")}, "\x81\x02by"},
		{"longer", "bye", [][]byte{wstest.Frame(text, "bye!")}, "\x81\x04bye!"},
		{"longer in fragments", "bye", [][]byte{wstest.Frame(0x01, "bye"), wstest.Frame(0x80, "!")}, "\x01\x03bye\x80\x01!"},
		{"begins wrong in fragments", "bye", [][]byte{wstest.Frame(0x01, "x"), wstest.Frame(0x80, "bye")}, "\x01\x01x\x80\x03bye"},
		{"over two messages", "bye", [][]byte{wstest.Frame(text, "b"), wstest.Frame(text, "ye")}, "\x81\x01b\x81\x02ye"},
		{"behind another message", "bye", [][]byte{wstest.Frame(text, "x"), wstest.Frame(text, "bye")}, "\x81\x01x\x81\x03bye" + goodbye},
		{"binary", "bye", [][]byte{wstest.Frame(binary, "bye")}, "\x82\x03bye"},
		{"no word", "", [][]byte{wstest.Frame(text, ""), wstest.Frame(text, "bye")}, "\x81\x00\x81\x03bye"},
		{"another word", "Auf", [][]byte{wstest.Frame(text, "bye"), wstest.Frame(text, "aUF")}, "\x81\x03bye\x81\x03aUF" + goodbye},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newConnTest(t, func(c *settings) { c.Goodbye = test.word }).open()
			c.receive(test.in...)
			c.expect(socket.Read, test.want)
		})
	}
}

// TestCloseOfTheClient_Section7_1: reply, shut down, wait for the end; the log says who began.
func TestCloseOfTheClient_Section7_1(t *testing.T) {
	c := newConnTest(t, nil).open()
	c.receive(wstest.Frame(0x81, "Hello"), wstest.Frame(0x88, "\x0f\xa0done"))
	c.expect(socket.ShutDown, "\x81\x05Hello\x88\x06\x0f\xa0done")
	c.at(3 * time.Second)
	c.do(c.conn.EndOfInput(c.now))
	c.expect(socket.Close)
	got := c.closed()
	for key, want := range map[string]any{"id": 1.0, "remote": "192.0.2.1:5000", "duration": "3s", "messages": 1.0, "bytes": 5.0, "code": 4000.0, "initiator": "client", "clean": true} {
		if got[key] != want {
			t.Errorf("the log says %s=%v, want %v", key, got[key], want)
		}
	}
	if strings.Contains(c.log.String(), "Hello") || strings.Contains(c.log.String(), "done") {
		t.Error("the log has a payload")
	}
	if c.server.Admission.Open() != 0 {
		t.Error("still counted")
	}
}

func TestProtocolErrorIsLogged_Section7_1_7(t *testing.T) {
	c := newConnTest(t, nil).open()
	c.receive([]byte("\x81\x05Hello"))
	if c.sent[0] != 0x88 || c.step.Then != socket.ShutDown {
		t.Fatalf("sent %q, then %v", c.sent, c.step.Then)
	}
	c.do(c.conn.EndOfInput(c.now))
	if got := c.closed(); got["code"] != 1002.0 || got["initiator"] != "server" || got["violation"] != "unmasked_frame" || got["clean"] != false {
		t.Errorf("the log says %v", got)
	}
}

// TestEndOfInput: TCP ends without a close frame, in every stage.
func TestEndOfInput(t *testing.T) {
	t.Run("before the first byte", func(t *testing.T) {
		c := newConnTest(t, nil)
		c.do(c.conn.EndOfInput(c.now))
		c.expect(socket.Close)
	})
	t.Run("in the request head", func(t *testing.T) {
		c := newConnTest(t, nil)
		c.receive([]byte("GET / HTTP/1.1\r\n"))
		c.do(c.conn.EndOfInput(c.now))
		if !strings.HasPrefix(string(c.sent), "HTTP/1.1 400 ") || c.step.Then != socket.Close {
			t.Errorf("sent %q, then %v", c.sent, c.step.Then)
		}
	})
	t.Run("in the middle of a message", func(t *testing.T) {
		c := newConnTest(t, nil).open()
		c.receive(wstest.Frame(0x81, "Hello")[:8])
		c.do(c.conn.EndOfInput(c.now))
		c.expect(socket.Close)
		if got := c.closed(); got["code"] != 1006.0 || got["initiator"] != "nobody" || got["clean"] != false {
			t.Errorf("the log says %v", got)
		}
	})
	t.Run("instead of an answer to a close", func(t *testing.T) {
		c := newConnTest(t, nil).open()
		c.receive(wstest.Frame(0x81, "bye"))
		c.do(c.conn.EndOfInput(c.now))
		if got := c.closed(); got["code"] != 1000.0 || got["initiator"] != "server" || got["clean"] != false {
			t.Errorf("the log says %v", got)
		}
	})
}

func TestInfo(t *testing.T) {
	c := newConnTest(t, nil)
	if _, ok := c.conn.Info(); ok {
		t.Error("a connection in its handshake is listed")
	}
	c.receive([]byte(wstest.Request("Sec-WebSocket-Protocol: chat")), wstest.Frame(0x82, "12345"))
	c.conn.timers.rtt = 1500 * time.Microsecond
	got, ok := c.conn.Info()
	want := Info{ID: 1, Remote: "192.0.2.1:5000", Since: c.server.Clock(beginning), Messages: 1, Bytes: 5, Subprotocol: "chat", RTT: "1.5ms", State: "open"}
	if !ok || got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestInflaterIsGivenBack when a connection ends within a compressed message.
func TestInflaterIsGivenBack(t *testing.T) {
	c := newConnTest(t, nil)
	c.receive([]byte(wstest.Request("Sec-WebSocket-Extensions: permessage-deflate")))
	lent := c.server.Protocol.Inflaters.(*inflaters)
	c.receive(wstest.Frame(0x41, "\xf2\x48\xcd")) // the beginning of "Hello" (RFC 7692 section 7.2.3.1)
	if lent.lent != 1 {
		t.Fatalf("%d inflaters are lent within a message", lent.lent)
	}
	c.do(c.conn.EndOfInput(c.now))
	if lent.lent != 0 {
		t.Errorf("%d inflaters are lent at the end", lent.lent)
	}
}
