package wsconn

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
	"github.com/echosvc/echosvc/internal/wstest"
)

// TestClosedLine: the log line at the end has every field, and no payload.
func TestClosedLine(t *testing.T) {
	c := newConnTest(t, nil).open()
	c.receive(wstest.Frame(0x81, "Hello"), wstest.Frame(0x88, "\x0f\xa0done"))
	c.at(3 * time.Second)
	c.do(c.conn.EndOfInput(c.now))
	got := c.closed()
	for key, want := range map[string]any{"id": 1.0, "remote": "192.0.2.1:5000", "path": "/", "host": "localhost", "duration_ms": 3000.0, "messages": 1.0, "bytes": 5.0, "code": 4000.0, "initiator": "client", "clean": true} {
		if got[key] != want {
			t.Errorf("logged %s=%v, want %v", key, got[key], want)
		}
	}
	if strings.Contains(c.log.String(), "Hello") || strings.Contains(c.log.String(), "done") {
		t.Error("the log contains payload")
	}
	want := []Summary{{Duration: 3 * time.Second, Code: 4000, Initiator: ByClient, Clean: true}}
	if m := c.settings.Metrics; m.opened != 1 || !reflect.DeepEqual(m.closed, want) {
		t.Errorf("counted %d opened, closed %+v; want 1, %+v", m.opened, m.closed, want)
	}
}

func TestProtocolErrorIsLogged_Section7_1_7(t *testing.T) {
	c := newConnTest(t, nil).open()
	c.receive([]byte("\x81\x05Hello"))
	if c.sent[0] != 0x88 || c.step.Then != socket.ShutDown {
		t.Fatalf("sent %q, then %v", c.sent, c.step.Then)
	}
	c.do(c.conn.EndOfInput(c.now))
	if got := c.closed(); got["code"] != 1002.0 || got["initiator"] != "server" || got["protocol_error"] != "unmasked_frame" || got["clean"] != false {
		t.Errorf("logged %v", got)
	}
}

// TestUnsentCloseFrameIsNotClean: the client has closed, but never reads the answer.
func TestUnsentCloseFrameIsNotClean(t *testing.T) {
	c := newConnTest(t, nil).open()
	mem := append(make([]byte, wsproto.Headroom), wstest.Frame(0x88, "\x03\xe8")...)
	c.conn.Receive(c.now, mem, wsproto.Headroom, len(mem)) // never flushed
	c.conn.Closed(c.now, socket.ErrWriteTimeout)
	if got := c.closed(); got["clean"] != false || got["cause"] != socket.ErrWriteTimeout.Error() || got["initiator"] != "client" {
		t.Errorf("logged %v", got)
	}
}
