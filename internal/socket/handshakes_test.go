package socket

import (
	"container/list"
	"testing"
)

func TestHandshakesDropTheOldestOfTheLargerKind(t *testing.T) {
	var h handshakes[string]
	a, b, c := h.add("a"), h.add("b"), h.add("c")
	expect := func(want string) {
		t.Helper()
		if got, ok := h.first(); got != want || ok != (want != "") {
			t.Errorf("the first is %q, want %q", got, want)
		}
	}
	expect("a")
	a = h.begin(a)
	expect("b") // of two that are silent
	a = h.begin(a)
	h.remove(b)
	expect("c") // as many as have begun
	c = h.begin(c)
	expect("a")
	e := h.add("e")
	expect("a") // of two that have begun, and one is silent
	d := h.refuse(h.add("d"))
	expect("d")
	h.remove(d)
	expect("a")
	h.remove(e)
	if h.len() != 2 {
		t.Errorf("%d are left, want 2", h.len())
	}
	h.remove(a)
	expect("c")
	h.remove(c)
	h.remove(c)
	expect("")
}

// TestFloodOfOneKindSparesTheOther: of clients that send nothing, or one byte and no more.
func TestFloodOfOneKindSparesTheOther(t *testing.T) {
	type conn struct {
		element *list.Element
		good    bool
	}
	for _, floodBegins := range []bool{false, true} {
		var h handshakes[*conn]
		add := func(c *conn, begins bool) {
			if h.len() == 100 {
				first, _ := h.first()
				if first.good {
					t.Errorf("a flood (begun: %v) pushes out the other client", floodBegins)
				}
				h.remove(first.element)
			}
			if c.element = h.add(c); begins {
				c.element = h.begin(c.element)
			}
		}
		for i := range 400 {
			add(&conn{good: i == 200}, floodBegins != (i == 200))
		}
	}
}

// TestMaxHandshakes: the oldest silent connection makes room, and the oldest of the others once
// they are more.
func TestMaxHandshakes(t *testing.T) {
	eachDriverWith(t, func(c *Config) { c.MaxHandshakes = 3 }, func(s *served) {
		keep := func(_, got string) (Step, int) { return Step{}, len(got) }
		established := &scripted{opened: Step{Write: []byte("hi")}, established: true}
		s.expectRead(s.dial(established), "hi")
		var h [7]*scripted
		for i := range h {
			h[i] = &scripted{opened: Step{Write: []byte("hi")}, answer: keep}
			client := s.dial(h[i])
			s.expectRead(client, "hi")
			if s.tls || i == 0 || i >= 4 { // a loop sees a client of TLS begin earlier
				s.send(client, "x")
				h[i].expect(t, "receive x")
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
