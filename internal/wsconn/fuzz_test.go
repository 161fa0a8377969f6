package wsconn

import (
	"bytes"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/clientaddr"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
	"github.com/echosvc/echosvc/internal/wstest"
)

// FuzzConn: whatever arrives, a connection keeps the contract of package socket, gives back what
// is on the account, and never needs more than a few calls to get on. The input is a list of choices
// within a grammar for requests, frames and events. A run ends when they are used up.
func FuzzConn(f *testing.F) {
	for n := range byte(16) {
		f.Add(bytes.Repeat([]byte{n, 3 * n, 200 - 7*n, 91 + n}, 40))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		p := choices(in)
		c := newFuzzConn(t, &p)
		stream := p.stream()
		for len(p) > 0 && !c.ended {
			stream = c.event(&p, stream)
		}
		c.finish(stream)
	})
}

// choices are what a fuzzer has chosen.
type choices []byte

// below returns a number from 0 to n-1; 0 once there are no more choices.
func (p *choices) below(n int) int {
	if len(*p) == 0 {
		return 0
	}
	b := int((*p)[0])
	*p = (*p)[1:]
	return b % n
}

// one returns one of a list.
func (p *choices) one(list ...string) string { return list[p.below(len(list))] }

// sizes are at the limits of what is read: frames, heads, fields and controls.
var sizes = []int{
	0, 1, 2, 15, 16, 17, 24, 32, 33, 63, 64, 65, 122, 123, 124, 125, 126, 127, 128, 129, 200, 201, 253, 254, 300, 1023, 1024, 1025,
	4 << 10, 4<<10 + 1, 8 << 10, 16<<10 - 1, 16 << 10, 48<<10 - 1, 48 << 10, 60 << 10, 64<<10 - 1, 64 << 10, 64<<10 + 1, 70 << 10, 129 << 10,
}

// text returns a text of characters that are handled differently, most of them short.
func (p *choices) text() string {
	size := sizes[p.below(21)]
	if p.below(16) == 0 {
		size = sizes[p.below(len(sizes))]
	}
	part := p.one("a", "A", "0", "9", "%41", "%00", "%ff", "%", "%zz", "\xff", "\xc3\xa9", "\u2028", "\ufdfa", `"`, `\`, "&", "=", "+", ",", ";", ", ", "a,", "a;", "a=1&", "x=\"", ".", "a.", ":", "[", "]", "-", "_", " ", "\t", "\x00", "\n", "\r\n", "*")
	return strings.Repeat(part, size/len(part)+1)[:size]
}

// value returns a value of a control.
func (p *choices) value() string {
	if p.below(6) == 0 {
		return p.text()
	}
	return p.one("1", "0", "2", "10ms", "1ms", "9ms", "1s", "1m", "24h", "24h1ns", "-1", "-1s", "2147483647", "2147483648", "9223372036854775807ns", "9999999h", "1e9",
		"1000", "1006", "1010", "4999", "65536", "none", "ignore", "400", "503", "599", "86400", "%31", "1%00", "Inf", "NaN", "0x1", "a%C3%A9", "")
}

// validValue returns a value of a control that is most likely allowed.
func (p *choices) validValue(name string) string {
	switch name {
	case "greet", "pong", "deflate":
		return p.one("0", "1")
	case "close_code":
		return p.one("1000", "4999")
	case "close_reason":
		return p.one("", "bye", strings.Repeat("a", wsproto.MaxCloseReason))
	case "subprotocol":
		return p.one("none", "a", strings.Repeat("a", wsproto.MaxSubprotocol))
	case "close":
		return "ignore"
	case "refuse", "refuse_after":
		return p.value()
	case "fragment", "close_after", "drop_after", "reset_after":
		return p.one("1", "2", "3", "1000", "70000", "2147483647")
	case "delay":
		return p.one("0", "1ns", "10ms", "1m")
	}
	return p.one("10ms", "11ms", "1s", "24h", "50ms")
}

// query returns the query of a target.
func (p *choices) query() string {
	var parts []string
	for range p.below(6) {
		var name string
		switch p.below(8) {
		case 0:
			name = p.text()
		case 1:
			name = p.one("Greet", "clos_in", "every_", "_page", "%64elay", "subprotocl", "close-in", "ref")
		default:
			control := controlTable[p.below(len(controlTable))]
			name = control.Name
			if p.below(12) != 0 {
				parts = append(parts, name+"="+p.validValue(name))
				continue
			}
		}
		parts = append(parts, name+p.one("=", "=", "=", "=", "", "==")+p.value())
	}
	return strings.Join(parts, "&")
}

// mostly returns good, and sometimes one of the odd ones.
func (p *choices) mostly(good string, odd ...string) string {
	if p.below(20) != 0 {
		return good
	}
	return p.one(odd...)
}

// head returns a request head. Most are those of valid upgrades.
func (p *choices) head() string {
	target := p.mostly("/", "/a/b", "*", "", "http://h/", "/\xff", "/%", "/"+p.text()) + p.one("", "?"+p.query(), "?"+p.query(), "?"+p.query())
	lines := []string{p.mostly("GET", "HEAD", "POST", "get", "CONNECT", "", p.text()) + " " + target + p.mostly(" HTTP/1.1", " HTTP/1.0", " HTTP/1.9", " HTTP/2.0", "", " HTTP/"+p.text())}
	for _, line := range strings.Split(strings.TrimSuffix(wstest.Request(), "\r\n\r\n"), "\r\n")[1:] {
		name, _, _ := strings.Cut(line, ":")
		lines = append(lines, p.mostly(line, line+"\r\n"+line, name+":"+p.text(), "X: a"))
	}
	for range p.below(6) {
		name := p.one("Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions", "Sec-WebSocket-Extensions", "User-Agent", "X-Request-Id", "traceparent",
			"Forwarded", "X-Forwarded-For", "X-Real-IP", "Cookie", "X", p.mostly("Origin", "Host", "Content-Length", "Transfer-Encoding", "Trailer", "Connection", "Upgrade", p.text()))
		value := p.one("permessage-deflate", "permessage-deflate; client_max_window_bits; server_max_window_bits=8", `permessage-deflate; server_max_window_bits="15"`,
			"permessage-deflate; client_no_context_takeover, x", p.one("chat", "192.0.2.7, 10.0.0.9", `for="[2001:db8::7]:4711";host="a\",b", for=10.0.0.9`,
				"https://example.com", "https://\u00e9.example:443", "http://[::1%25x]", "null", "0", "5", "chunked",
				"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "Mozilla/5.0", "websocket", "Upgrade, close", p.text()))
		lines = append(lines, name+": "+value)
	}
	if p.below(24) == 0 {
		line := p.one("X: "+p.text(), "a: b", "\xff: "+p.text())
		for range sizes[p.below(12)] * 2 {
			lines = append(lines, line)
		}
	}
	return p.mostly("", "\r\n", "\r\n\r\n\r\n\r\n\r\n") + strings.Join(lines, "\r\n") + p.mostly("\r\n\r\n", "\n\n", "\r\n", "\r\n\r")
}

// frames returns frames, most of them valid.
func (p *choices) frames() (out []byte) {
	for range p.below(24) {
		first := []byte{0x81, 0x82, 0x81, 0x01, 0x02, 0x80, 0x00, 0x89, 0x8a, 0x89, 0x88, 0xc1, 0x41, 0xc2, 0x42, 0xc1, 0x91, 0xa1, 0x83, 0x8b, 0x09}[p.below(21)]
		payload := p.text()
		switch p.below(6) {
		case 0:
			payload = p.one("bye", "Bye", "Hello", "\x03\xe8", "\x03\xe8bye", "\x03\xed", "\x00", "\x0f\xa0\xff", "\x03\xf2")
		case 1:
			payload = p.one("\xf2\x48\xcd\xc9\xc9\x07\x00", "\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff", "\x00", "\xf2\x00\x11\x00\x00", "\x07", "\x03\x00", "\x62\x60\xa0\x25\x00\x00")
		}
		if first&0x08 != 0 && p.below(16) != 0 {
			payload = payload[:min(len(payload), 125)]
		}
		if p.below(32) == 0 {
			out = append(out, wstest.Claim(first, 1<<(p.below(64)))...)
		}
		out = append(out, wstest.Frame(first, payload)...)
	}
	return out
}

// stream returns everything that a client sends.
func (p *choices) stream() []byte {
	header := p.mostly("", "PROXY TCP4 192.0.2.7 10.0.0.1 56324 443\r\n", "PROXY UNKNOWN\r\n", "PROXY ", "PROXY "+p.text(),
		"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\x0a\x00\x00\x01\xdc\x04\x01\xbb", "\r\n\r\n\x00\r\nQUIT\n\x21\x11\xff\xff", "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00", "\r\n\r\n\x00\r\nQUIT\n\x21\x00\x00\x01")
	out := append([]byte(header+p.head()), p.frames()...)
	if p.below(64) == 0 {
		out = []byte(p.text() + p.text())
	}
	return out
}

// fuzzConn is a connTest in which the fuzzer chooses what happens next.
type fuzzConn struct {
	*connTest
	account *budget.Account
	others  int64 // bytes that other connections hold
	shut    bool  // the sending side
	ended   bool  // the connection
	eof     bool  // of the input
	stuck   int   // calls of Receive without input
}

func newFuzzConn(t *testing.T, p *choices) *fuzzConn {
	c := &fuzzConn{connTest: &connTest{t: t, now: beginning, crowded: true}, account: budget.NewAccount(1 << 30)}
	level := []slog.Level{slog.LevelDebug, slog.LevelError}[p.below(2)]
	log := slog.New(slog.NewJSONHandler(&c.log, &slog.HandlerOptions{Level: level}))
	c.server, c.settings = newServer(log, func(s *settings) {
		s.Account = c.account
		s.Compression = wsproto.Compression(p.below(3))
		s.MaxMessageSize = []int64{1 << 20, 1, 125, 70000, math.MaxInt64}[p.below(5)]
		s.MaxConnections = p.below(2)
		s.Controls = p.below(8) != 0
		s.Goodbye = p.one("bye", "", strings.Repeat("a", MaxGoodbye))
		s.IdleTimeout = []time.Duration{0, time.Second, time.Minute}[p.below(3)]
		s.PingInterval = []time.Duration{25 * time.Second, 0, 10 * time.Millisecond}[p.below(3)]
	})
	if p.below(4) == 0 {
		c.server.Policy = wsproto.Policy{Origins: []string{"https://example.com", "https://*.example.org"}, Subprotocols: []string{"chat", "a"}, Compression: c.settings.Compression}
	}
	if p.below(2) == 0 {
		network, err := clientaddr.ParseNetwork("192.0.2.0/24")
		if err != nil {
			t.Fatal(err)
		}
		c.server.Clients = clientaddr.Rules{Trusted: []clientaddr.Network{network}, Protocol: clientaddr.Protocol(p.below(3))}
	}
	c.server.Headers.ShowAll = p.below(2) == 0
	if p.below(8) == 0 {
		c.others = 1 << 30
		c.account.Add(budget.Buffers, c.others)
	}
	c.conn = New(c.server, 1, "192.0.2.1:5000")
	c.carryOut(c.conn.Opened(c.now))
	return c
}

// carryOut carries out a Step that does not come from Receive.
func (c *fuzzConn) carryOut(step socket.Step) {
	if step.Then == socket.Yield || len(step.Write) > wsproto.MinBuffer {
		c.t.Fatalf("a Step writes %d bytes, then %d", len(step.Write), step.Then)
	}
	c.do(step)
	c.note(step)
}

// note checks and notes a Step that has been carried out.
func (c *fuzzConn) note(step socket.Step) {
	if c.shut && len(step.Write) > 0 {
		c.t.Fatalf("%d bytes are written after the sending side was shut down", len(step.Write))
	}
	c.shut = c.shut || step.Then == socket.ShutDown
	c.sent, c.yielded = nil, c.yielded && !c.paused
	c.log.Truncate(min(c.log.Len(), 1<<20))
	switch step.Then {
	case socket.Hijack:
		c.conn.Hijacked(nil, c.kept)
		c.ended = true
	case socket.Close, socket.Reset:
		c.ended = true
	}
}

// give gives the connection what it kept, and n more bytes of a stream. It returns the rest.
func (c *fuzzConn) give(stream []byte, n int) []byte {
	n = min(n, len(stream))
	if c.yielded {
		n = 0
	}
	if c.stuck++; n > 0 {
		c.stuck = 0
	}
	if c.stuck > 100_000 {
		c.t.Fatalf("after %d calls, %d bytes are kept", c.stuck, len(c.kept))
	}
	c.receive(stream[:n])
	if len(c.kept) >= wsproto.MinBuffer-wsproto.Headroom && (c.step.Then == socket.Read || c.step.Then == socket.ShutDown) {
		c.t.Fatalf("%d bytes are kept, which leaves no room to read", len(c.kept))
	}
	c.note(c.step)
	return stream[n:]
}

// event has one thing happen, of those that a driver may do now.
func (c *fuzzConn) event(p *choices, stream []byte) []byte {
	switch p.below(24) {
	case 0:
		c.now = c.now.Add([]time.Duration{1, time.Millisecond, time.Second, 10 * time.Second, time.Minute, 25 * time.Hour}[p.below(6)])
	case 1:
		c.carryOut(c.conn.Wake(c.now, make([]byte, 0, wsproto.Headroom)))
	case 2:
		c.now = max(c.now, c.wake)
	case 3:
		if p.below(4) == 0 {
			c.server.Admission.Drain(c.now, time.Duration(p.below(3))*time.Second)
		}
	case 4:
		if p.below(4) == 0 {
			c.conn.OrderClose(wsproto.CloseNormalClosure, p.one("", "reason", strings.Repeat("a", 123)))
		}
	case 5:
		if p.below(8) == 0 {
			c.conn.OrderDrop()
		}
	case 6:
		if p.below(8) == 0 {
			c.kept, c.yielded, c.paused = nil, false, false
			c.carryOut(c.conn.Shed(c.now, make([]byte, 0, wsproto.Headroom)))
		}
	case 7:
		c.conn.Held()
		v := c.conn.View(0)
		v.Info(c.server.Clock)
	case 8:
		c.eof = p.below(4) == 0
	default:
		n := []int{1, 2, 3, 14, 100, 255, 4000, 4097, 16 << 10, wsproto.MinBuffer, 512 << 10}[p.below(11)]
		switch {
		case c.paused:
		case c.yielded, !c.eof && len(stream) > 0:
			stream = c.give(stream, n)
		case c.eof:
			c.carryOut(c.conn.EndOfInput(c.now))
		}
	}
	c.wakeIfDue()
	return stream
}

// wakeIfDue wakes the connection at the instant that it asked for.
func (c *fuzzConn) wakeIfDue() {
	for n := 0; !c.ended && c.wake.Reached(c.now); n++ {
		if n == 8 {
			c.t.Fatalf("NextWake stays at %v after %v, in stage %v", c.wake.Sub(beginning), c.now.Sub(beginning), c.conn.stage)
		}
		c.carryOut(c.conn.Wake(c.now, make([]byte, 0, wsproto.Headroom)))
	}
}

// finish gives the connection the rest of a stream, ends it, and checks what is left over.
func (c *fuzzConn) finish(stream []byte) {
	for !c.ended {
		switch {
		case c.paused:
			c.now = max(c.now, c.wake)
			c.wakeIfDue()
		case c.yielded, len(stream) > 0 && !c.eof:
			stream = c.give(stream, wsproto.MinBuffer)
		default:
			c.carryOut(c.conn.EndOfInput(c.now))
		}
	}
	c.account.Add(budget.Buffers, -c.others)
	for _, kind := range []budget.Kind{budget.Buffers, budget.Histories} {
		if left := c.account.HeldBy(kind); left != 0 {
			c.t.Fatalf("%d bytes of %v are left on the account", left, kind)
		}
	}
	if lent := c.server.Protocol.Inflaters.(*inflaters).lent; lent != 0 {
		c.t.Fatalf("%d inflaters are left over", lent)
	}
}
