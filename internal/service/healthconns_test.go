package service

import (
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/echosvc/echosvc/internal/wstest"
)

// TestSilentConnectionsLeaveTheHealthPort: those beyond the limit are closed, the oldest
// first, and a probe is answered.
func TestSilentConnectionsLeaveTheHealthPort(t *testing.T) {
	r := start(t, "portable", nil)
	silent := make([]*wstest.Client, 2*healthFiles)
	for i := range silent {
		silent[i] = wstest.Connect(t, r.health)
	}
	for _, c := range silent[:healthFiles] {
		if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("the oldest connections read %d, %v; want an end", n, err)
		}
	}
	if got := get(t, "http://"+r.health+"/healthz"); got != http.StatusOK {
		t.Errorf("/healthz is %d", got)
	}
}

// namedConn is a connection that only has a name.
type namedConn struct {
	net.Conn
	name string
}

// TestHealthConnsBeyondTheLimit: a capital letter is a connection that is being answered, a small
// one the same connection while it waits for a request, and - its end.
func TestHealthConnsBeyondTheLimit(t *testing.T) {
	for _, test := range []struct{ name, events, want string }{
		{"as many as the limit", "a b c d", ""},
		{"the oldest that waits", "a b c d e f", "a b"},
		{"the oldest that is answered", "a A b B c C d D e", "a"},
		{"new ones while none reads its answer", "a A b B c C d D e E f F", "a b"},
		{"a probe between silent ones", "a b c d e E f g", "a b c"},
		{"the more numerous kind", "a A b c d e", "b"},
		{"as many of each kind", "a A b B c d e", "c"},
		{"waiting again is new", "a A b c a d e", "b"},
		{"ended ones do not count", "a b a- c d e b- f", ""},
	} {
		var dropped []string
		conns := map[string]*namedConn{}
		h := newHealthConns(4, func(nc net.Conn) { dropped = append(dropped, nc.(*namedConn).name) })
		for event := range strings.FieldsSeq(test.events) {
			name := strings.ToLower(event[:1])
			if conns[name] == nil {
				conns[name] = &namedConn{name: name}
			}
			switch {
			case strings.HasSuffix(event, "-"):
				h.note(conns[name], http.StateClosed)
			case event == strings.ToUpper(event):
				h.note(conns[name], http.StateActive)
			default:
				h.note(conns[name], http.StateIdle)
			}
		}
		if !slices.Equal(dropped, strings.Fields(test.want)) {
			t.Errorf("%s: dropped %q, want %q", test.name, dropped, test.want)
		}
	}
}

// TestHealthPortLeaves: what a client has not taken of an answer stays with the system when its
// connection is closed, so that is when it is limited.
func TestHealthPortLeaves(t *testing.T) {
	ln := loopback(t)
	defer ln.Close()
	var left []net.Conn
	client, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	nc, err := leaving{ln, func(nc net.Conn) { left = append(left, nc) }}.Accept()
	if err != nil {
		t.Fatal(err)
	}
	below := nc.(*leavingConn).NetConn()
	if nc.Close(); !slices.Equal(left, []net.Conn{below}) {
		t.Errorf("leave was called with %v", left)
	}
	if _, err := below.Write([]byte("a")); err == nil {
		t.Error("the connection is open")
	}
}
