package socket

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long a test over sockets waits for what must happen. It fails after that.
const patience = 60 * time.Second

// scripted is a handler that records its calls, and answers as its script says.
type scripted struct {
	opened   Step
	wake     Instant                                // what NextWake returns
	answer   func(call, got string) (Step, int)     // of "receive" and "wake"; nil keeps nothing and reads on
	last     []byte                                 // what is written at the end of input
	flushed  bool                                   // calls of Flushed are recorded
	received func(mem []byte, start, end int) error // looks at the arguments of Receive; may be nil
	panics   string                                 // the method that panics

	established bool

	hijacked net.Conn

	mu    sync.Mutex
	calls []string
	more  chan struct{} // has a value after a call; nil until somebody waits
}

func (h *scripted) record(call string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, call)
	select {
	case h.more <- struct{}{}:
	default:
	}
}

func (h *scripted) recorded() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.more == nil {
		h.more = make(chan struct{}, 1)
	}
	return slices.Clone(h.calls)
}

// expect waits until there are as many calls as wanted, and compares them.
func (h *scripted) expect(t *testing.T, want ...string) {
	t.Helper()
	timeout := time.After(patience)
	for len(h.recorded()) < len(want) {
		select {
		case <-h.more:
		case <-timeout:
			t.Fatalf("after %v the calls are %q, want %q", patience, h.recorded(), want)
		}
	}
	if got := h.recorded(); !slices.Equal(got, want) {
		t.Fatalf("the calls are %q, want %q", got, want)
	}
}

// expectLast waits until the last call is what it must be, and returns all calls.
func (h *scripted) expectLast(t *testing.T, isWanted func(call string) bool) (calls []string) {
	t.Helper()
	timeout := time.After(patience)
	for {
		if calls = h.recorded(); len(calls) > 0 && isWanted(calls[len(calls)-1]) {
			return calls
		}
		select {
		case <-h.more:
		case <-timeout:
			t.Fatalf("after %v the calls are %.1000q", patience, calls)
		}
	}
}

// expectEnd waits for Closed or Hijacked, and returns all calls.
func (h *scripted) expectEnd(t *testing.T) (calls []string) {
	t.Helper()
	return h.expectLast(t, isEnd)
}

// expectOneEnd fails the test unless the last call, and no other, ends the connection.
func (h *scripted) expectOneEnd(t *testing.T) {
	t.Helper()
	calls := h.recorded()
	if i := slices.IndexFunc(calls, isEnd); i < 0 || i != len(calls)-1 {
		t.Errorf("the calls are %q, want Closed or Hijacked as the last and only there", calls)
	}
}

func isEnd(call string) bool {
	return strings.HasPrefix(call, "closed") || strings.HasPrefix(call, "hijacked")
}

func (h *scripted) reply(call, got string) (Step, int) {
	if h.answer == nil {
		return Step{}, 0
	}
	return h.answer(call, got)
}

func (h *scripted) panicIn(method string) {
	if h.panics == method {
		panic("in " + method)
	}
}

func (h *scripted) Opened(Instant) Step {
	h.panicIn("Opened")
	return h.opened
}

func (h *scripted) Receive(_ Instant, mem []byte, start, end int) (Step, int) {
	got := string(mem[start:end])
	h.record("receive " + got)
	if h.received != nil {
		if err := h.received(mem, start, end); err != nil {
			h.record(err.Error())
		}
	}
	h.panicIn("Receive")
	return h.reply("receive", got)
}

func (h *scripted) EndOfInput(Instant) Step {
	h.record("end")
	h.panicIn("EndOfInput")
	return Step{Write: h.last, Then: Close}
}

func (h *scripted) Flushed(Instant) {
	if h.flushed {
		h.record("flushed")
	}
	h.panicIn("Flushed")
}

func (h *scripted) Shed(Instant, []byte) Step {
	h.record("shed")
	h.panicIn("Shed")
	step, _ := h.reply("shed", "")
	return step
}

func (h *scripted) Held() (int, bool) { return 0, false }

func (h *scripted) Established() bool { return h.established }

func (h *scripted) NextWake() Instant {
	h.panicIn("NextWake")
	return h.wake
}

func (h *scripted) Wake(now Instant, _ []byte) Step {
	if h.wake == 0 {
		h.record("wake")
	} else {
		h.record("wake " + time.Duration(now).String())
	}
	h.panicIn("Wake")
	step, _ := h.reply("wake", "")
	return step
}

func (h *scripted) Hijacked(nc net.Conn, kept []byte) {
	h.hijacked = nc // before it is recorded, which the test waits for
	h.record("hijacked " + string(kept))
	h.panicIn("Hijacked")
}

func (h *scripted) Closed(_ Instant, cause error) {
	if cause == nil {
		h.record("closed")
	} else {
		h.record(fmt.Sprintf("closed: %v", cause))
	}
	h.panicIn("Closed")
}

// readString reads n bytes.
func readString(t *testing.T, r io.Reader, n int) string {
	t.Helper()
	p := make([]byte, n)
	if _, err := io.ReadFull(r, p); err != nil {
		t.Fatal(err)
	}
	return string(p)
}
