package socket

import (
	"bytes"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/echosvc/echosvc/internal/budget"
)

// fill has the handler write until the socket takes no more, and what is in flight has arrived, or
// is sent again because the peer takes no more.
func (l *loopTest) fill() {
	l.t.Helper()
	full := func() (full bool) {
		l.turn()
		l.inLoop(func(_ *loop, c *loopConn) {
			info, err := unix.GetsockoptTCPInfo(int(c.fd), unix.IPPROTO_TCP, unix.TCP_INFO)
			full = err == nil && c.pending > 0 && (info.Unacked == 0 || info.Total_retrans > 0)
		})
		return full
	}
	for deadline := time.Now().Add(patience); !full(); {
		if time.Now().After(deadline) {
			l.t.Fatal("the socket takes everything, or nothing")
		}
		if l.config.Account.HeldBy(budget.Buffers) > 0 {
			continue
		}
		if _, err := l.client.Write([]byte("x")); err != nil {
			l.t.Fatal(err)
		}
	}
}

// untilClosed moves the clock on, by more than the write time-out each time, until the
// connection is closed. What the kernel still had to deliver is progress.
func (l *loopTest) untilClosed(h *scripted, from time.Duration) (last string) {
	l.t.Helper()
	for deadline := time.Now().Add(patience); ; from += time.Minute {
		l.turnAt(from)
		calls := h.recorded()
		if last = calls[len(calls)-1]; isEnd(last) {
			return last
		}
		if time.Now().After(deadline) {
			l.t.Fatalf("not closed; the last call is %q", last)
		}
	}
}

// answering returns a handler that answers whatever it receives with the same bytes.
func answering() (h *scripted, answer []byte) {
	answer = bytes.Repeat([]byte("0123456789"), mediumBuffer/10)
	return &scripted{answer: func(string, string) (Step, int) { return Step{Write: answer}, 0 }}, answer
}

// TestLoopWriteTimeoutIsOnProgress: nothing is read from a peer that does not read, and it
// is closed when it has read nothing for the time-out.
func TestLoopWriteTimeoutIsOnProgress(t *testing.T) {
	h, answer := answering()
	l := newLoopTest(t, h)
	l.fill()
	calls := h.recorded()
	l.client.Write([]byte("y"))
	l.turnAt(29 * time.Second)
	h.expect(t, calls...)
	for len(h.recorded()) == len(calls) {
		readString(t, l.client, len(answer))
		l.turn()
	}
	l.fill()
	l.turnAt(58 * time.Second) // 29 s after the last progress
	if calls := h.recorded(); isEnd(calls[len(calls)-1]) {
		t.Fatal("closed in spite of progress")
	}
	if last := l.untilClosed(h, 120*time.Second); last != "closed: "+ErrWriteTimeout.Error() {
		t.Errorf("the last call is %q", last)
	}
}

// TestLoopSeesProgressThatEpollDoesNotReport: a peer reads a little of a large send buffer.
func TestLoopSeesProgressThatEpollDoesNotReport(t *testing.T) {
	h, _ := answering()
	l := newLoopTest(t, h)
	l.client.(*net.TCPConn).SetReadBuffer(4 << 10)
	l.fill()
	calls := h.recorded()
	left := func() (n int32) {
		l.inLoop(func(_ *loop, c *loopConn) { n = unacknowledged(int(c.fd)) })
		return n
	}
	for turns := 1; turns <= 5; turns++ {
		for before := left(); left() == before; {
			readString(t, l.client, 1000)
		}
		l.turnAt(time.Duration(turns) * 29 * time.Second)
		h.expect(t, calls...)
	}
	l.untilClosed(h, 200*time.Second)
	h.expect(t, append(calls, "closed: "+ErrWriteTimeout.Error())...)
}

// TestLoopSendsWithoutAWriteTimeout: nothing is looked at, and what is due meanwhile is done
// after the write.
func TestLoopSendsWithoutAWriteTimeout(t *testing.T) {
	h, answer := answering()
	write := h.answer
	h.answer = func(call, got string) (Step, int) {
		if call == "wake" {
			h.wake = 0
			return Step{Write: []byte("woken"), Then: Close}, 0
		}
		h.wake = loopStart.Add(time.Second)
		return write(call, got)
	}
	l := newLoopTest(t, h)
	l.each(func(*loop) { l.config.WriteTimeout = 0 })
	l.fill()
	l.turnAt(time.Hour)
	calls := h.recorded()
	if !strings.HasPrefix(calls[len(calls)-1], "receive") {
		t.Fatalf("the last call is %q, want Receive", calls[len(calls)-1])
	}
	for range calls {
		readString(t, l.client, len(answer))
	}
	if got := readString(t, l.client, 5); got != "woken" {
		t.Errorf("read %q after the answers", got)
	}
}

// TestLoopHoldsAllThatAReadCanLeave: an answer may begin in the headroom of the loop's
// buffer and fill it to the end, and the socket may take none of it.
func TestLoopHoldsAllThatAReadCanLeave(t *testing.T) {
	l := newLoopTest(t, &scripted{})
	l.each(func(l *loop) {
		headroom := l.driver.config.Headroom
		whole := make([]byte, headroom+loopBuffer)
		for _, kept := range []int{0, 1, mediumBuffer, len(whole)} {
			c := &loopConn{}
			l.hold(c, whole[:kept], whole[kept:])
			if need := headroom + len(whole); len(*c.held) < need {
				t.Errorf("%d bytes are held in a buffer of %d", need, len(*c.held))
			}
			l.hold(c, nil, nil)
		}
	})
}
