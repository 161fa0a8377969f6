package httpecho

import (
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/wsproto"
	"github.com/echosvc/echosvc/internal/wstest"
)

// unfinished sends a request whose body of n bytes lacks the last one.
func unfinished(t *testing.T, addr string, n int) *wstest.Client {
	t.Helper()
	c := wstest.Connect(t, addr)
	c.Send([]byte("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: " + strconv.Itoa(n) + "\r\n\r\n" + strings.Repeat("x", n-1)))
	return c
}

// TestBodiesAreOnTheAccount from their first byte until the answer has been sent.
func TestBodiesAreOnTheAccount(t *testing.T) {
	account := budget.NewAccount(64 << 20)
	addr := serveWith(t, anyOrigin, nil, wstest.Patience, Limits{Account: account})
	c := unfinished(t, addr, maxBody)
	wstest.Eventually(t, "the body is on the account", func() bool { return account.HeldBy(budget.Requests) >= requestCost+maxBody })
	if held := account.HeldBy(budget.Requests); held > requestCost+maxBody+5000 {
		t.Errorf("a body of %d bytes is %d on the account", maxBody, held)
	}
	c.Send([]byte("x"))
	if response := c.Response(); response.StatusCode != 200 {
		t.Errorf("answered with %s", response.Status)
	}
	wstest.Eventually(t, "nothing is left on the account", func() bool { return account.Held() == 0 })
}

// TestClaimsOfBodiesCostNothing: 1 MiB is claimed, and nothing sent.
func TestClaimsOfBodiesCostNothing(t *testing.T) {
	account := budget.NewAccount(64 << 20)
	addr := serveWith(t, anyOrigin, nil, wstest.Patience, Limits{Account: account})
	c := wstest.Connect(t, addr)
	c.Send([]byte("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n"))
	wstest.Eventually(t, "the request is on the account", func() bool { return account.Held() > requestCost })
	if held := account.Held(); held > requestCost+2000 {
		t.Errorf("a claim of 1 MiB is %d bytes on the account", held)
	}
}

// TestBodyThatArrivedWithTheHead costs its own size, and not a multiple of it as the head does.
func TestBodyThatArrivedWithTheHead(t *testing.T) {
	const head = "\r\nPOST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
	for _, size := range []int{0, 1, 60_000} {
		c := newReplayConn(nil, []byte(head+strings.Repeat("x", size)), "", nil)
		if got, want := c.headCost(), int64(len(head)+size+headFactor*len(head)); got != want {
			t.Errorf("with %d bytes of a body, it costs %d bytes, want %d", size, got, want)
		}
		if r := c.request(); r.Target != "/x" {
			t.Errorf("with %d bytes of a body, the target is %q", size, r.Target)
		}
	}
}

// TestRequestsAreRefusedForMemory before they are read, and while they are.
func TestRequestsAreRefusedForMemory(t *testing.T) {
	account := budget.NewAccount(64 << 20)
	addr := serveWith(t, anyOrigin, nil, wstest.Patience, Limits{Account: account})
	early := unfinished(t, addr, maxBody/2)
	wstest.Eventually(t, "the body is on the account", func() bool { return account.Held() > maxBody/2 })
	account.Add(budget.Kernel, 48<<20) // 75 %
	early.Send([]byte("x"))
	refused := func(c *wstest.Client) {
		response := c.Response()
		text, _ := io.ReadAll(response.Body)
		if response.StatusCode != 503 || response.Header.Get("Retry-After") != "5" || !strings.Contains(string(text), "MEMORY_LIMIT of 67108864 bytes") {
			t.Errorf("answered with %s, %v, %s", response.Status, response.Header, text)
		}
	}
	refused(early)
	late := wstest.Connect(t, addr)
	late.Send([]byte("GET /x HTTP/1.1\r\nHost: x\r\n\r\n"))
	refused(late)
	health := wstest.Connect(t, addr)
	health.Send([]byte("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"))
	if response := health.Response(); response.StatusCode != 200 {
		t.Errorf("/healthz is answered with %s", response.Status)
	}
	account.Add(budget.Kernel, -48<<20)
	if a := ask(t, addr, "GET /x HTTP/1.1\r\nHost: x\r\n\r\n"); a.code != 200 {
		t.Errorf("afterwards a request is answered with %s", a.status)
	}
}

// TestRequestsAreLimited: while all are active, another is refused, and a silent one is
// dropped for it.
func TestRequestsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // in which no time passes
		account := budget.NewAccount(64 << 20)
		l := NewListener(nil, complete(Limits{MaxRequests: 2, Account: account}))
		admit := func(target string) bool {
			return l.Admit(&wsproto.Request{Method: "GET", Target: target, Proto: "HTTP/1.0"}) == nil
		}
		conns := make([]*fakeConn, 2)
		for i := range conns {
			conns[i] = &fakeConn{}
			if !admit("/") {
				t.Fatal("a request within the limit is refused")
			}
			l.requests.add(newReplayConn(conns[i], nil, "", &l.requests))
		}
		if admit("/") {
			t.Error("a request over the limit is admitted")
		}
		if _, answer := l.Check(&wsproto.Request{Method: "GET", Target: "/healthz", Proto: "HTTP/1.0"}, date); answer == nil {
			t.Error("a health check has no answer")
		}
		for c := range l.requests.conns {
			if c.Conn == conns[1] {
				c.began = c.began.Add(-2 * silence)
			}
		}
		if !admit("/") || !conns[1].closed || conns[0].closed {
			t.Errorf("the silent connection is closed: %v, the other: %v", conns[1].closed, conns[0].closed)
		}
		l.Release()
		for c := range l.requests.conns {
			c.Close()
			c.Close()
		}
		if account.Held() != 0 || l.requests.admitted != 0 {
			t.Errorf("%d bytes and %d requests are left", account.Held(), l.requests.admitted)
		}
	})
}

// TestRequestThatWaitsForTheServer is neither silent nor slow, however long that takes.
func TestRequestThatWaitsForTheServer(t *testing.T) {
	l := NewListener(nil, complete(Limits{MaxRequests: 1, Account: budget.NewAccount(0)}))
	c := newReplayConn(&fakeConn{}, nil, "", &l.requests)
	l.requests.add(c)
	now := c.began.Add(2 * slowAfter)
	makesRoom := func() bool {
		l.requests.dropSlow(now)
		return len(l.requests.conns) == 0 || l.requests.makeRoom(now)
	}
	c.work()
	if makesRoom() {
		t.Error("it is dropped while it waits for the server")
	}
	c.rest()
	if !makesRoom() {
		t.Error("it is not dropped after that")
	}
}

// TestSlowRequestsMakeRoom: if none is silent, the slowest one is dropped, but none that is young or
// has moved enough bytes for its age.
func TestSlowRequestsMakeRoom(t *testing.T) {
	for _, test := range []struct {
		name     string
		age      time.Duration
		moved    []int // bytes of each request
		dropped  int   // index, or -1
		toBeLeft int   // after dropSlow
	}{
		{"all are fast", slowAfter, []int{10 << 10, 20 << 10}, -1, 2},
		{"one is slow", slowAfter, []int{20 << 10, 10<<10 - 1}, 1, 1},
		{"the slowest", slowAfter, []int{9, 8, 10 << 10}, 1, 1},
		{"all are young", slowAfter - 1, []int{0, 1}, -1, 2},
		{"over a longer time", 10 * slowAfter, []int{100<<10 - 1, 100 << 10}, 0, 1},
	} {
		for _, forMemory := range []bool{false, true} {
			account := budget.NewAccount(64 << 20)
			l := NewListener(nil, complete(Limits{MaxRequests: len(test.moved), Account: account}))
			conns := make([]*fakeConn, len(test.moved))
			now := time.Now().Add(test.age)
			for i, moved := range test.moved {
				conns[i] = &fakeConn{}
				c := newReplayConn(conns[i], nil, "", &l.requests)
				c.began = now.Add(-test.age)
				c.note(moved)
				c.active.Store(int64(test.age))
				l.Admit(&wsproto.Request{Method: "GET", Target: "/", Proto: "HTTP/1.0"})
				l.requests.add(c)
			}
			left := len(conns)
			if forMemory {
				l.requests.dropSlow(now)
				left = test.toBeLeft
			} else if made := l.requests.makeRoom(now); made != (test.dropped >= 0) {
				t.Errorf("%s: makeRoom returns %v", test.name, made)
			} else if made {
				left--
				if !conns[test.dropped].closed {
					t.Errorf("%s: request %d is not dropped", test.name, test.dropped)
				}
			}
			if got := len(l.requests.conns); got != left || l.requests.admitted != left || account.Held() != int64(left*requestCost) {
				t.Errorf("%s: %d requests are left, %d admitted, %d bytes; want %d", test.name, got, l.requests.admitted, account.Held(), left)
			}
		}
	}
}
