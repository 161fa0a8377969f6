package wsconn

import (
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wstest"
)

const shedReason = "this server is close to its MEMORY_LIMIT of 1000 bytes; try again later"

// underPressure is a change for newConnTest: an account of 1000 bytes.
func underPressure(s *settings) { s.Account = budget.NewAccount(1000) }

// shed sheds the connection as a driver does, which forgets what was kept.
func (c *connTest) shed() {
	c.t.Helper()
	c.kept, c.yielded, c.paused = nil, false, false
	c.do(c.conn.Shed(c.now, nil))
}

// TestShedSends1013 with the setting that is the reason, whatever the client has begun.
func TestShedSends1013(t *testing.T) {
	closeFrame := "\x88" + string(rune(2+len(shedReason))) + "\x03\xf5" + shedReason
	for name, begun := range map[string][]byte{
		"idle":          nil,
		"partial frame": wstest.Frame(0x82, "half")[:8],
		"mid-message":   wstest.Frame(0x01, ""),
	} {
		t.Run(name, func(t *testing.T) {
			c := newConnTest(t, underPressure).open()
			c.receive(begun)
			c.sent = nil
			c.shed()
			c.expect(socket.ShutDown, closeFrame)
			c.receive(wstest.Frame(0x82, "later"))
			c.expect(socket.Read)
			c.do(c.conn.EndOfInput(c.now))
			if got := c.closed(); got["code"] != 1013.0 || got["initiator"] != "server" {
				t.Errorf("logged %v", got)
			}
		})
	}
}

func TestShedBeforeAndAfterTheWebSocket(t *testing.T) {
	silent := newConnTest(t, underPressure)
	silent.shed()
	silent.expect(socket.Close)

	head := newConnTest(t, underPressure)
	head.receive([]byte("GET / HT"))
	head.shed()
	if got := string(head.sent); !strings.HasPrefix(got, "HTTP/1.1 503 ") || !strings.Contains(got, "Retry-After: 5\r\n") || !strings.Contains(got, shedReason) {
		t.Errorf("an incomplete head is answered with %q", got)
	}

	closing := newConnTest(t, underPressure).open()
	closing.drain()
	closing.at(2 * 1e9)
	closing.do(closing.conn.Wake(closing.now, nil))
	closing.sent = nil
	closing.shed()
	closing.expect(socket.ShutDown) // its close frame may not have arrived
	closing.shed()
	closing.expect(socket.Close)
}

// TestShedReturnsAnInflater to those who share them.
func TestShedReturnsAnInflater(t *testing.T) {
	c := newConnTest(t, underPressure).openWith(wstest.Request("Sec-WebSocket-Extensions: permessage-deflate"))
	c.receive(wstest.Frame(0x42, "\x2a")) // RSV1, not the last frame
	lent := &c.server.Protocol.Inflaters.(*inflaters).lent
	if held, unfinished := c.conn.Held(); *lent != 1 || held < 40_000 || !unfinished {
		t.Fatalf("%d inflaters are lent, and %d bytes held, unfinished: %v", *lent, held, unfinished)
	}
	c.shed()
	if *lent != 0 {
		t.Errorf("%d inflaters are lent after Shed", *lent)
	}
}

func TestMemoryRefusesUpgrades(t *testing.T) {
	c := newConnTest(t, underPressure)
	c.server.Account.Add(budget.Kernel, 750)
	c.receive([]byte(wstest.Request()))
	if got := string(c.sent); !strings.HasPrefix(got, "HTTP/1.1 503 ") || !strings.Contains(got, shedReason) || c.settings.Metrics.rejected[0] != ReasonMemory {
		t.Errorf("answered with %q", got)
	}
	c.server.Account.Add(budget.Kernel, -200)
	c.another().open()
}

// TestWindowsAreOnTheAccount while context takeover keeps them (RFC 7692 section 7.1.1).
func TestWindowsAreOnTheAccount(t *testing.T) {
	c := newConnTest(t, func(s *settings) {
		s.Account, s.Compression = budget.NewAccount(0), 2
	}).openWith(wstest.Request("Sec-WebSocket-Extensions: permessage-deflate"))
	c.receive(wstest.Frame(0xc1, "\xf2\x48\xcd\xc9\xc9\x07\x00")) // "Hello" (section 7.2.3.1)
	if held := c.server.Account.HeldBy(budget.Histories); held < 5 || held > 100 {
		t.Errorf("a window of 5 bytes is %d on the account", held)
	}
	c.conn.Closed(c.now, nil)
	if held := c.server.Account.Held() - c.server.Account.HeldBy(budget.Ended); held != 0 {
		t.Errorf("%d bytes are left on the account", held)
	}
}
