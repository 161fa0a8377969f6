package wsconn

import (
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/socket"
	"github.com/echosvc/echosvc/internal/wsproto"
	"github.com/echosvc/echosvc/internal/wstest"
)

// longRequest returns a request of n bytes: that of wstest.Request with two more fields, each
// within the limit of a line.
func longRequest(n int, request string) string {
	head := strings.TrimSuffix(request, "\r\n")
	half := (n - len(request)) / 2
	field := func(n int) string { return "X: " + strings.Repeat("x", n-len("X: \r\n")) + "\r\n" }
	return head + field(half) + field(n-len(request)-half) + "\r\n"
}

// TestLongHeads: a head of any length up to the limit opens a WebSocket, whether it arrives
// at once, in pieces or byte by byte, and frames that follow in the same read are answered.
func TestLongHeads(t *testing.T) {
	frame := string(wstest.Frame(0x81, "early"))
	for _, size := range []int{maxKeptHead - 1, maxKeptHead, maxKeptHead + 1, 20 << 10, 70 << 10, wsproto.MaxHead - 1, wsproto.MaxHead} {
		in := longRequest(size, wstest.Request())
		for _, piece := range []int{1, 1460, maxKeptHead + 1, size - 1, size} {
			if piece == 1 && size > 20<<10 && size < wsproto.MaxHead {
				continue // for the time of the test
			}
			account := budget.NewAccount(64 << 20)
			c := newConnTest(t, func(s *settings) { s.Account = account })
			rest := []byte(in + frame)
			for len(rest) > 0 {
				n := min(piece, len(rest))
				if len(rest) < piece+len(frame) {
					n = len(rest)
				}
				c.receive(rest[:n])
				rest = rest[n:]
				if len(c.kept) > maxKeptHead {
					t.Fatalf("the driver keeps %d bytes", len(c.kept))
				}
			}
			if got := string(c.sent); !strings.HasPrefix(got, "HTTP/1.1 101 ") || !strings.HasSuffix(got, "\r\n\r\n\x81\x05early") {
				t.Errorf("%d bytes in pieces of %d: answered with %.100q", size, piece, got)
			}
			if c.conn.more != nil || account.Held() != 0 {
				t.Errorf("%d bytes in pieces of %d: an open connection keeps %v, with %d bytes on the account", size, piece, c.conn.more, account.Held())
			}
		}
	}
}

func TestHeadOverTheLimit(t *testing.T) {
	in := longRequest(wsproto.MaxHead+1, wstest.Request())
	for _, piece := range []int{1, 1460, len(in)} {
		account := budget.NewAccount(64 << 20)
		c := newConnTest(t, func(s *settings) { s.Account = account })
		for part := range slices.Chunk([]byte(in), piece) {
			c.receive(part)
		}
		if got := string(c.sent); !strings.HasPrefix(got, "HTTP/1.1 431 ") || !strings.Contains(got, "more than 131072 bytes") {
			t.Errorf("in pieces of %d: answered with %.100q", piece, got)
		}
		if account.Held() != 0 {
			t.Errorf("in pieces of %d: %d bytes stay on the account", piece, account.Held())
		}
	}
}

// TestLongHeadInBytesTakesLinearTime: each byte is copied a bounded number of times.
func TestLongHeadInBytesTakesLinearTime(t *testing.T) {
	var state requestState
	copied := 0
	for _, c := range []byte(longRequest(wsproto.MaxHead, wstest.Request())) {
		before := cap(state.long)
		state.append(budget.NewAccount(0), []byte{c})
		if cap(state.long) != before {
			copied += len(state.long)
		}
	}
	if copied > 2*wsproto.MaxHead {
		t.Errorf("%d bytes are copied for a head of %d", copied, wsproto.MaxHead)
	}
}

// TestLongHeadsAreOnTheAccount as they arrive, and off it however the connection ends.
func TestLongHeadsAreOnTheAccount(t *testing.T) {
	const arrived = 100 << 10
	for name, end := range map[string]func(c *connTest){
		"the client ends it":  func(c *connTest) { c.do(c.conn.EndOfInput(c.now)) },
		"it is lost":          func(c *connTest) { c.conn.Closed(c.now, net.ErrClosed) },
		"its memory is taken": func(c *connTest) { c.do(c.conn.Shed(c.now, nil)) },
		"it takes too long":   func(c *connTest) { c.wakeAt(10 * time.Second) },
		"it is malformed":     func(c *connTest) { c.receive([]byte("\n")) },
	} {
		account := budget.NewAccount(64 << 20)
		c := newConnTest(t, func(s *settings) { s.Account = account })
		for part := range slices.Chunk([]byte(longRequest(wsproto.MaxHead, wstest.Request())[:arrived]), 1000) {
			c.receive(part)
		}
		held, unfinished := c.conn.Held()
		if held < arrived || held > 2*arrived || !unfinished || account.HeldBy(budget.Buffers) != int64(held)*5/4 {
			t.Errorf("%s: Held is %d, %v, and %d bytes are on the account", name, held, unfinished, account.Held())
		}
		end(c)
		if held, _ := c.conn.Held(); account.Held() != 0 || held != 0 {
			t.Errorf("%s: %d bytes stay on the account, %d are held", name, account.Held(), held)
		}
	}
}

// TestLongHeadsAreRefusedForMemory: unfinished heads grow only while upgrades are admitted.
func TestLongHeadsAreRefusedForMemory(t *testing.T) {
	account := budget.NewAccount(64 << 20)
	c := newConnTest(t, func(s *settings) { s.Account = account })
	head := []byte(longRequest(20<<10, wstest.Request()))
	c.receive(head[:10<<10])
	c.expect(socket.Read)
	account.Add(budget.Kernel, 48<<20) // 75 %
	c.receive(head[10<<10 : 11<<10])
	if got := string(c.sent); !strings.HasPrefix(got, "HTTP/1.1 503 ") || !strings.Contains(got, "MEMORY_LIMIT") || c.step.Then != socket.ShutDown {
		t.Errorf("answered with %q", got)
	}
	if held := account.HeldBy(budget.Buffers); held != 0 {
		t.Errorf("%d bytes stay on the account", held)
	}
}

// delivered records what a connection delivers.
type delivered struct {
	noHTTP
	bytes []byte
}

func (d *delivered) Deliver(_ net.Conn, read []byte, _ string) { d.bytes = read }

// TestLongPlainRequestIsDeliveredWhole, with what follows its head.
func TestLongPlainRequestIsDeliveredWhole(t *testing.T) {
	in := longRequest(50<<10, "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n") + "body"
	for _, piece := range []int{1000, len(in) - 5, len(in)} {
		account := budget.NewAccount(64 << 20)
		c := newConnTest(t, func(s *settings) { s.Account = account })
		var d delivered
		c.server.HTTP = &d
		for part := range slices.Chunk([]byte(in), piece) {
			if c.step.Then == socket.Hijack {
				c.kept = append(c.kept, part...) // which net/http would read
				continue
			}
			c.receive(part)
		}
		c.expect(socket.Hijack)
		c.conn.Hijacked(nil, c.kept)
		if string(d.bytes) != in || account.Held() != 0 {
			t.Errorf("in pieces of %d: %d bytes are delivered, want %d; %d are on the account", piece, len(d.bytes), len(in), account.Held())
		}
	}
}

// checked answers health checks.
type checked struct{ noHTTP }

func (checked) Check(r *wsproto.Request, date string) (path string, response []byte) {
	return "/healthz", []byte(r.Method + " " + r.Target + " on " + date)
}

// TestHealthCheckIsAnsweredWithItsHead: the connection lingers for the body, and gives up a long head.
func TestHealthCheckIsAnsweredWithItsHead(t *testing.T) {
	for _, head := range []string{
		"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n",
		longRequest(50<<10, "POST /healthz HTTP/1.1\r\nContent-Length: 200000\r\n\r\n"),
	} {
		for _, body := range []string{"", "with the head"} {
			account := budget.NewAccount(64 << 20)
			c := newConnTest(t, func(s *settings) { s.Account = account })
			c.server.HTTP = checked{}
			for part := range slices.Chunk([]byte(head+body), 20<<10) {
				c.receive(part)
			}
			c.expect(socket.ShutDown, "POST /healthz on "+c.server.date())
			if len(c.kept) > 0 || account.Held() != 0 {
				t.Errorf("after a head of %d bytes, %d bytes are kept, and %d are on the account", len(head), len(c.kept), account.Held())
			}
			c.receive([]byte("the rest of the body"))
			c.expect(socket.Read)
			c.do(c.conn.EndOfInput(c.now))
			c.expect(socket.Close)
		}
	}
}

// TestNoBodyForHEAD: refusals of HEAD have the fields of others, and no body (RFC 9110
// section 9.3.2), whatever is wrong.
func TestNoBodyForHEAD(t *testing.T) {
	for _, test := range []struct{ name, head, want string }{
		{"upgrade", strings.Replace(wstest.Request(), "GET ", "HEAD ", 1), "HTTP/1.1 405 "},
		{"after an empty line", "\r\n" + strings.Replace(wstest.Request(), "GET ", "HEAD ", 1), "HTTP/1.1 405 "},
		{"malformed", "HEAD / HTTP/1.1\r\nA\r\n\r\n", "HTTP/1.1 400 "},
		{"bare LF", "HEAD / HTTP/1.1\n", "HTTP/1.1 400 "},
		{"too long", "HEAD /" + strings.Repeat("x", wsproto.MaxLine), "HTTP/1.1 414 "},
		{"version", "HEAD / HTTP/3.0\r\n\r\n", "HTTP/1.1 505 "},
	} {
		for _, piece := range []int{7, len(test.head)} {
			c := newConnTest(t, nil)
			for part := range slices.Chunk([]byte(test.head), piece) {
				c.receive(part)
			}
			if got := string(c.sent); !strings.HasPrefix(got, test.want) || !strings.HasSuffix(got, "\r\n\r\n") || strings.Contains(got, "Content-Length: 0") {
				t.Errorf("%s in pieces of %d: answered with %q", test.name, piece, got)
			}
		}
	}
	late := newConnTest(t, nil)
	late.receive([]byte("HEAD / HTTP/1.1\r\n"))
	late.wakeAt(10 * time.Second)
	if got := string(late.sent); !strings.HasPrefix(got, "HTTP/1.1 408 ") || !strings.HasSuffix(got, "\r\n\r\n") {
		t.Errorf("a time-out is answered with %q", got)
	}
}

// TestDateInEveryAnswer_RFC9110Section6_6_1: the 101 and every refusal have a Date.
func TestDateInEveryAnswer_RFC9110Section6_6_1(t *testing.T) {
	for _, request := range []string{
		wstest.Request(), upgrade("greet=1"), upgrade("refuse=503"), upgrade("delay=soon"),
		strings.Replace(wstest.Request(), "GET ", "POST ", 1), "GET / HTTP/1.1\n", "\x16", "GET / HTTP/2.0\r\n\r\n",
	} {
		c := newConnTest(t, nil)
		c.receive([]byte(request))
		if got := string(c.sent); strings.Count(got, "\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n") != 1 {
			t.Errorf("%q is answered with %q", request, got)
		}
	}
}
