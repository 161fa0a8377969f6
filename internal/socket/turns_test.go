package socket

import (
	"net"
	"runtime"
	"testing"
	"testing/synctest"
)

// TestTurns: as many turns as processors, and the next one waits until one is given back.
// Go's scheduler then has a processor more.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := newTurns()
		for range processors {
			turns.take()
		}
		if n := runtime.GOMAXPROCS(0); n <= processors { // with loops in the process, it has more
			t.Errorf("%d processors, want %d and one more", n, processors)
		}
		taken := false
		go func() {
			turns.take()
			taken = true
		}()
		if synctest.Wait(); taken {
			t.Error("a turn too many was taken")
		}
		turns.giveBack()
		if synctest.Wait(); !taken {
			t.Error("no turn was taken after one was given back")
		}
	})
}

// TestPortableReceivesInTurnsIfBusy: a connection that has read much waits for a turn, and
// one that has not does not.
func TestPortableReceivesInTurnsIfBusy(t *testing.T) {
	h := &scripted{}
	inBubble(t, h, func(t *testing.T, d *Portable, client net.Conn) {
		for range processors {
			d.turns.take()
		}
		first := string(make([]byte, smallBuffer-testHeadroom)) // fills the first buffer
		second := string(make([]byte, busyRead))
		client.Write([]byte(first + second))
		expectCalls(t, h, "receive "+first)
		for range processors {
			d.turns.giveBack()
		}
		expectCalls(t, h, "receive "+first, "receive "+second)
		for range processors {
			d.turns.take()
		}
		client.Write([]byte("x"))
		expectCalls(t, h, "receive "+first, "receive "+second, "receive x")
	})
}
