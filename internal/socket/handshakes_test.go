package socket

import "testing"

func TestHandshakesDropTheOldestSilentOne(t *testing.T) {
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
	expect("b")
	a = h.begin(a)
	h.remove(b)
	expect("c")
	c = h.begin(c)
	expect("a")
	d := h.refuse(h.add("d"))
	expect("d")
	h.remove(d)
	expect("a")
	if h.len() != 2 {
		t.Errorf("%d are left, want 2", h.len())
	}
	h.remove(a)
	expect("c")
	h.remove(c)
	h.remove(c)
	expect("")
}

// TestMaxHandshakes: the oldest silent connection makes room, then the oldest.
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
			if i == 0 || i >= 4 {
				s.send(client, "x")
				h[i].expect(t, "receive x")
			}
		}
		for i, want := range [][]string{1: {dropped}, 2: {dropped}, 3: {dropped}, 0: {"receive x", dropped}} {
			if want != nil {
				h[i].expect(s.T, want...)
			}
		}
		for _, h := range h[4:] {
			h.expect(s.T, "receive x")
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
