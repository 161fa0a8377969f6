package socket

import (
	"container/list"
	"crypto/tls"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestHandshakesDropTheOldestOfTheLargerKind, if it has waited for its peer for 10 ms while silent,
// else 100 ms. The limit is 4. The events are
//
//	a   a new connection        a+  the driver works on it       a!  it is refused
//	A   it sends something      a-  it waits for its peer again  a.  it ends
//	10  10 ms pass              a*  it has sent much             a/  its TLS handshake is complete
func TestHandshakesDropTheOldestOfTheLargerKind(t *testing.T) {
	for _, test := range []struct{ name, events, want string }{
		{"none", "", ""},
		{"the oldest that is silent", "a 1 b 10", "a"},
		{"not before its time", "a 9 b 9", "a"},
		{"too early", "a b 9", ""},
		{"of two that are silent", "a b A 10", "b"},
		{"as many as have begun", "a b c A B b. 10", "c"},
		{"more have begun", "a b c A B 100", "a"},
		{"more have begun, too early", "a b c A B 99", ""},
		{"beginning again changes nothing", "a b c A B 50 A 50", "a"},
		{"the first of the larger kind is too young", "a 10 b c B C 99", ""},
		{"refused", "a 10 b b!", "b"},
		{"refused before it has sent anything", "a 10 b b! c c!", "b"},
		{"the driver works on the first", "a b A B a+ 100", "b"},
		{"the driver works on all", "a b a+ b+ 999", ""},
		{"it waits for its peer again", "a b A B a+ 100 a- 99 b.", ""},
		{"it has waited for its peer again", "a b A B a+ 100 a- 100 b.", "a"},
		{"work does not make its time longer", "a A 60 a+ 500 a- 40", "a"},
		{"work in between, too early", "a A 60 a+ 500 a- 39", ""},
		{"work again and again", "a b A B 1 a+ a- 50 a+ a- 49 a+ a-", "b"},
		{"the order is that of their time", "a A 60 a+ b B 1 a- 40", "a"},
		{"the order after work", "a A a+ b B 99 a- 1", "b"},
		{"waiting again without work changes nothing", "a A 90 a- 10", "a"},
		{"those that have sent much have a limit of their own", "a A a* b 10", "b"},
		{"much, and the driver has worked on it", "a A a* a+ a- 100", ""},
		{"much, and refused", "a A a* b B a!", "a"},
		{"much, and it has yet to send the rest", "a A a* 500 a/ 100", "a"},
		{"much, too early", "a A a* 500 a/ 99", ""},
		{"all have ended", "a b A a* a. b.", ""},
	} {
		h := handshakes[string]{limit: 4}
		now := Instant(time.Hour)
		elements := map[string]*list.Element{}
		for event := range strings.FieldsSeq(test.events) {
			if ms, err := strconv.Atoi(event); err == nil {
				now = now.Add(time.Duration(ms) * time.Millisecond)
				continue
			}
			name := strings.ToLower(event[:1])
			e := elements[name]
			switch {
			case event == name:
				elements[name] = h.add(name, now)
			case event[:1] != name:
				elements[name] = h.begin(e, now)
			case event[1] == '+':
				elements[name] = h.work(e, now)
			case event[1] == '-':
				elements[name] = h.rest(e, now)
			case event[1] == '*':
				elements[name] = h.markLong(e, now)
			case event[1] == '/':
				elements[name] = h.complete(e, now)
			case event[1] == '!':
				elements[name] = h.answer(e, now)
			case event[1] == '.':
				h.remove(e)
				delete(elements, name)
			}
		}
		if got, ok := h.first(now); got != test.want || ok != (test.want != "") {
			t.Errorf("%s: the first is %q, want %q", test.name, got, test.want)
		}
		if h.len() != len(elements) || h.full() != (len(elements) >= 4) {
			t.Errorf("%s: there are %d, full: %v", test.name, h.len(), h.full())
		}
	}
}

// TestLongHandshakesAreAnEighth of all, but at least one. Others do not count.
func TestLongHandshakesAreAnEighth(t *testing.T) {
	for _, test := range []struct{ limit, most int }{{1, 1}, {8, 1}, {15, 1}, {16, 2}, {1024, 128}, {0, 5000}} {
		h := handshakes[int]{limit: test.limit}
		for range 10 {
			h.begin(h.add(0, 1), 1)
		}
		for i := range test.most {
			e := h.markLong(h.add(i+1, 1), 1)
			h.markLong(e, 1)
			if c, ok := h.tooLong(); ok {
				t.Fatalf("limit %d: %d is dropped, though there are %d", test.limit, c, i+1)
			}
		}
		h.work(h.markLong(h.add(test.most+1, 1), 1), 1)
		if c, ok := h.tooLong(); ok != (test.limit > 0) || ok && c != 1 {
			t.Errorf("limit %d: of %d, %d is dropped (%v)", test.limit, test.most+1, c, ok)
		}
	}
}

// TestFloodOfOneKindSparesTheOther: one kind sends nothing, the other a single byte.
func TestFloodOfOneKindSparesTheOther(t *testing.T) {
	type conn struct {
		element *list.Element
		good    bool
	}
	for _, floodBegins := range []bool{false, true} {
		h := handshakes[*conn]{limit: 100}
		now := Instant(time.Hour)
		add := func(c *conn, begins bool) {
			now = now.Add(begunWait / 50)
			if h.full() {
				first, _ := h.first(now)
				if first.good {
					t.Errorf("a flood (begun: %v) pushes out the other client", floodBegins)
				}
				h.remove(first.element)
			}
			if c.element = h.add(c, now); begins {
				c.element = h.begin(c.element, now)
			}
		}
		for i := range 400 {
			add(&conn{good: i == 200}, floodBegins != (i == 200))
		}
	}
}

// TestMaxHandshakes: the oldest silent connection makes room, or the oldest of the others if there
// are more of them.
func TestMaxHandshakes(t *testing.T) {
	eachDriverWith(t, func(c *Config) { c.MaxHandshakes = 3 }, func(s *served) {
		keep := func(_, got string) (Step, int) { return Step{Write: []byte("y")}, len(got) }
		s.stopClock()
		established := &scripted{opened: Step{Write: []byte("hi")}, established: true}
		s.expectRead(s.dial(established), "hi")
		var h [7]*scripted
		for i := range h {
			s.stopped.Add(int64(begunWait))
			s.turn() // or the loop accepts the next one at the time of the last
			h[i] = &scripted{opened: Step{Write: []byte("hi")}, answer: keep}
			client := s.dial(h[i])
			s.expectRead(client, "hi")
			if s.tls || i == 0 || i >= 4 { // a loop sees a client of TLS begin earlier
				s.send(client, "x")
				s.expectRead(client, "y") // which is sent after the handshake has been noted as begun
			}
		}
		sent, sentAndDropped := []string{"receive x"}, []string{"receive x", dropped}
		wants := [][]string{0: sentAndDropped, 1: {dropped}, 2: {dropped}, 3: {}, 4: sentAndDropped, 5: sent, 6: sent}
		if s.tls {
			wants = [][]string{0: sentAndDropped, 1: sentAndDropped, 2: sentAndDropped, 3: sentAndDropped, 4: sent, 5: sent, 6: sent}
		}
		for i, want := range wants {
			h[i].expect(s.T, want...)
		}
		established.expect(s.T)
	})
}

// turn returns after a turn of the loop that began after the call.
func (s *served) turn() {
	for range 2 {
		s.Each(func(Handler, int64) bool { return false })
	}
}

// TestTwiceMaxHandshakes: no more are accepted, even if none can be dropped yet. Another connection
// waits.
func TestTwiceMaxHandshakes(t *testing.T) {
	eachDriverWith(t, func(c *Config) { c.MaxHandshakes = 1 }, func(s *served) {
		s.stopClock()
		var h [3]*scripted
		var clients [len(h)]*client
		for i := range h {
			h[i] = &scripted{opened: Step{Write: []byte("hi")}}
			clients[i] = s.dial(h[i])
			if i < 2 {
				s.expectRead(clients[i], "hi")
			}
		}
		s.turn()
		h[0].expect(s.T)
		h[1].expect(s.T)
		s.stopped.Add(int64(begunWait))
		s.expectRead(clients[2], "hi")
		h[0].expect(s.T, dropped)
	})
}

// dropped is the last call of a connection that made room.
const dropped = "closed: too many unfinished handshakes"

// TestMaxSockets: a handshake makes room; when all are established, others wait until one
// of them ends.
func TestMaxSockets(t *testing.T) {
	eachDriverWith(t, func(c *Config) { c.MaxSockets = 2 }, func(s *served) {
		greeting := Step{Write: []byte("hi")}
		silent := &scripted{opened: greeting}
		s.expectRead(s.dial(silent), "hi")
		var clients []*client
		for range 2 {
			client := s.dial(&scripted{opened: greeting, established: true, last: []byte("bye")})
			s.expectRead(client, "hi")
			clients = append(clients, client)
		}
		silent.expect(s.T, dropped)
		waiting := s.dial(&scripted{opened: greeting})
		clients[0].CloseWrite()
		s.expectEnd(clients[0], "bye")
		s.expectRead(waiting, "hi")
	})
}

// TestHandshakeThatTheDriverWorksOn keeps its place, however long that takes. Another connection
// waits. The ClientHello has 1.5 KB with the one group, and 0.2 KB with the other.
func TestHandshakeThatTheDriverWorksOn(t *testing.T) {
	t.Run("long", func(t *testing.T) { workOnHandshake(t, tls.X25519MLKEM768) })
	t.Run("short", func(t *testing.T) { workOnHandshake(t, tls.X25519) })
}

func workOnHandshake(t *testing.T, group tls.CurveID) {
	for name, construct := range newDriver {
		works, goOn := make(chan struct{}, 2), make(chan struct{}, 2)
		run(t, name, construct, func(c *Config) {
			c.TLS = newTLSConfig(t)
			c.TLS.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
				works <- struct{}{}
				<-goOn
				return nil, nil
			}
			c.MaxSockets = 1
		}, func(s *served) {
			s.stopClock()
			end := &scripted{opened: Step{Write: []byte("hi"), Then: ShutDown}}
			first := s.dial(end)
			first.Conn = tls.Client(first.tcp, &tls.Config{InsecureSkipVerify: true, CurvePreferences: []tls.CurveID{group}})
			hello := make(chan error, 1)
			go func() { hello <- first.Conn.(*tls.Conn).Handshake() }()
			<-works
			s.stopped.Add(int64(time.Hour))
			second := s.dial(&scripted{opened: Step{Write: []byte("hello")}})
			s.turn()
			goOn <- struct{}{}
			if err := <-hello; err != nil {
				s.Fatal(err)
			}
			s.expectEnd(first, "hi")
			first.Close()
			go func() { hello <- second.Conn.(*tls.Conn).Handshake() }()
			for waiting := true; waiting; {
				select {
				case <-works:
					waiting = false
				case <-time.After(time.Millisecond):
					s.stopped.Add(int64(time.Second)) // so that a pause of accepting ends
				}
			}
			goOn <- struct{}{}
			if err := <-hello; err != nil {
				s.Fatal(err)
			}
			s.expectRead(second, "hello")
		})
	}
}

// TestLongHandshakeMakesRoomForAnother, and one that is not long does not.
func TestLongHandshakeMakesRoomForAnother(t *testing.T) {
	long, short := helloOf(longHello(tls.VersionTLS13, 100)), clientHello(tls.VersionTLS13)
	eachDriverWith(t, func(c *Config) { c.MaxHandshakes = 8 }, func(s *served) {
		if !s.tls {
			return
		}
		var h [4]*scripted
		for i, hello := range []string{long, short, long, short} {
			h[i] = &scripted{}
			client := s.dial(h[i]).tcp
			s.send(client, hello)
			readString(s.T, client, 100) // the server's first flight
		}
		for i, want := range [][]string{{dropped}, {}, {}, {}} {
			h[i].expect(s.T, want...)
		}
	})
}

// TestEndWhileTheDriverWorksOnAHandshake gives back everything, whether the handler ends the
// connection or the driver is aborted.
func TestEndWhileTheDriverWorksOnAHandshake(t *testing.T) {
	t.Run("wake", func(t *testing.T) { endHandshakeAtWork(t, func(s *served) { s.Wake() }) })
	t.Run("abort", func(t *testing.T) { endHandshakeAtWork(t, func(s *served) { s.Abort() }) })
}

func endHandshakeAtWork(t *testing.T, end func(*served)) {
	for name, construct := range newDriver {
		works, goOn := make(chan struct{}), make(chan struct{})
		run(t, name, construct, func(c *Config) {
			c.TLS = newTLSConfig(t)
			c.TLS.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
				close(works)
				<-goOn
				return nil, nil
			}
		}, func(s *served) {
			h := &scripted{answer: func(string, string) (Step, int) { return Step{Then: Close}, 0 }}
			client := s.dial(h)
			go client.Conn.(*tls.Conn).Handshake() // ends with the connection
			<-works
			end(s)
			close(goOn)
			h.expectEnd(s.T)
		})
	}
}
