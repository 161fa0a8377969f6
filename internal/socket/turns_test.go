package socket

import (
	"net"
	"runtime"
	"sync/atomic"
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

// TestHandshakeTurns: long ones leave a turn to the others if there are processors for it, and one that
// is gone takes none.
func TestHandshakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns, gone := newHandshakeTurns(), make(chan struct{})
		var taken, given atomic.Int32
		for range processors {
			go func() {
				if turns.take(true, gone) {
					taken.Add(1)
				} else {
					given.Add(1)
				}
			}()
		}
		synctest.Wait()
		want := int32(max(1, processors/2))
		if n := taken.Load(); n != want {
			t.Errorf("%d long ones have turns, want %d of %d", n, want, processors)
		}
		close(gone)
		synctest.Wait()
		if n := given.Load(); n != int32(processors)-want {
			t.Errorf("%d are gone, want the others", n)
		}
		for range want {
			turns.giveBack(true)
		}
		if turns.take(true, gone) || turns.take(false, gone) {
			t.Error("one that is gone has a turn")
		}
		for range processors {
			if !turns.take(false, nil) {
				t.Fatal("none is left")
			}
		}
		if len(turns.long) != 0 {
			t.Error("turns of long ones are missing")
		}
	})
}

// TestPortableReceivesInTurnsIfBusy: a connection that has read much waits for a turn, and
// one that has not does not.
func TestPortableReceivesInTurnsIfBusy(t *testing.T) {
	h := &scripted{}
	inBubble(t, h, func(t *testing.T, d *Portable, client net.Conn) {
		for range processors {
			d.busyTurns.take()
		}
		first := string(make([]byte, smallBuffer-testHeadroom)) // fills the first buffer
		second := string(make([]byte, busyRead))
		client.Write([]byte(first + second))
		expectCalls(t, h, "receive "+first)
		for range processors {
			d.busyTurns.giveBack()
		}
		expectCalls(t, h, "receive "+first, "receive "+second)
		for range processors {
			d.busyTurns.take()
		}
		client.Write([]byte("x"))
		expectCalls(t, h, "receive "+first, "receive "+second, "receive x")
	})
}
