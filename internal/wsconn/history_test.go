package wsconn

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/wstest"
)

// ended returns what the history of a server has.
func ended(s *Server) (list []Info) {
	s.History.Each(func(v *View) { list = append(list, v.Info(s.Clock)) })
	return list
}

// TestHistoryCauses: the history has the cause of every kind of end.
func TestHistoryCauses(t *testing.T) {
	for _, test := range []struct {
		name  string
		query string
		end   func(c *connTest)
		want  Ended
	}{
		{"the client closes", "", func(c *connTest) { c.receive(wstest.Frame(0x88, "\x0f\xa0done")) },
			Ended{Code: 4000, ReasonLength: 4, Initiator: "client", Clean: true, Why: "client"}},
		{"the client closes without a code", "", func(c *connTest) { c.receive(wstest.Frame(0x88, "")) },
			Ended{Code: 1005, Initiator: "client", Clean: true, Why: "client"}},
		{"TCP ends", "", func(c *connTest) {},
			Ended{Code: 1006, Initiator: "nobody", Why: "lost"}},
		{"a reset", "", func(c *connTest) { c.conn.Closed(c.now, errors.New("connection reset by peer")) },
			Ended{Code: 1006, Initiator: "nobody", Why: "lost", Error: "connection reset by peer"}},
		{"a protocol error", "", func(c *connTest) { c.receive([]byte("\x81\x05Hello")) },
			Ended{Code: 1002, ReasonLength: 53, Initiator: "server", Why: "protocol error", Error: "unmasked_frame"}},
		{"the goodbye word", "", func(c *connTest) { c.receive(wstest.Frame(0x81, "BYE")) },
			Ended{Code: 1000, ReasonLength: 7, Initiator: "server", Why: "goodbye"}},
		{"a control that closes", "close_after=1&close_code=4001&close_reason=x", func(c *connTest) { c.receive(wstest.Frame(0x81, "x")) },
			Ended{Code: 4001, ReasonLength: 1, Initiator: "server", Why: "control"}},
		{"a control that drops", "drop_after=1", func(c *connTest) { c.receive(wstest.Frame(0x81, "x")) },
			Ended{Code: 1006, Initiator: "server", Why: "control"}},
		{"the drain", "", func(c *connTest) { c.at(time.Second); c.drain(); c.at(2 * time.Second); c.do(c.conn.Wake(c.now, nil)) },
			Ended{Code: 1001, ReasonLength: 27, Initiator: "server", Why: "drain"}},
		{"memory", "", func(c *connTest) { c.do(c.conn.Shed(c.now, nil)) },
			Ended{Code: 1013, ReasonLength: 68, Initiator: "server", Why: "memory"}},
		{"the operator", "", func(c *connTest) { c.conn.OrderClose(4002, "moved"); c.do(c.conn.Wake(c.now, nil)) },
			Ended{Code: 4002, ReasonLength: 5, Initiator: "server", Why: "operator"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newConnTest(t, nil).openWith(upgrade(test.query))
			test.end(c)
			if len(ended(c.server)) == 0 {
				c.do(c.conn.EndOfInput(c.now))
			}
			list := ended(c.server)
			if len(list) != 1 {
				t.Fatalf("the history has %d connections", len(list))
			}
			got := *list[0].Ended
			got.At, got.DurationMS = time.Time{}, 0
			if got != test.want || list[0].State != "ended" || list[0].Path != "/any/path" {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// TestHistoryOfTimeouts: a missing pong, and IDLE_TIMEOUT.
func TestHistoryOfTimeouts(t *testing.T) {
	for why, change := range map[string]func(*settings){
		"no pong":       func(s *settings) {},
		"idle time-out": func(s *settings) { s.PingInterval, s.IdleTimeout = 0, time.Minute },
	} {
		c := newConnTest(t, change).open()
		for range 2 {
			c.now = c.wake
			c.do(c.conn.Wake(c.now, nil))
		}
		c.do(c.conn.EndOfInput(c.now))
		if got := ended(c.server)[0]; got.Why != why || got.DurationMS < 45_000 {
			t.Errorf("got %+v after %v ms, want %s", got.Why, got.DurationMS, why)
		}
	}
}

// TestHistoryIsBounded: it has the last 1,000 connections, and what they take is on the
// account.
func TestHistoryIsBounded(t *testing.T) {
	account := budget.NewAccount(1 << 30)
	c := newConnTest(t, func(s *settings) { s.Account = account })
	long := strings.Repeat("x", 2000)
	var most int64
	for i := range maxHistory + 10 {
		one := c.another()
		one.conn.id = uint64(i)
		one.openWith(strings.Replace(wstest.Request("Origin: "+long, "User-Agent: "+long, "Sec-WebSocket-Protocol: "+long), "GET /", "GET /"+long+"?ping=0&x="+long, 1))
		one.conn.Closed(one.now, fmt.Errorf("an error: %s", long))
		if i == maxHistory {
			most = account.HeldBy(budget.Ended)
		}
	}
	list := ended(c.server)
	if len(list) != maxHistory || list[0].ID != maxHistory || list[10].ID != 10 {
		t.Errorf("the history has %d connections, the first is %d", len(list), list[0].ID)
	}
	if held := account.HeldBy(budget.Ended); held > most || most > maxHistory*1500 || most < maxHistory*1000 {
		t.Errorf("it holds %d bytes, and held %d", held, most)
	}
	if n := len(list[0].Subprotocol); n != maxPeerField {
		t.Errorf("the subprotocol has %d bytes", n)
	}
}
