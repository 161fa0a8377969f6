package service

import (
	"runtime"
	"testing"

	"github.com/echosvc/echosvc/internal/budget"
	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/wstest"
)

func TestLoopCount(t *testing.T) {
	for _, test := range []struct {
		cores  int
		memory int64
		files  int
		want   int
	}{
		{1, 0, 0, 1},
		{64, 0, 0, 64},
		{64, 48 << 20, 0, 9},
		{4, 48 << 20, 0, 4},
		{64, 1 << 20, 0, 1},
		{64, 0, 1024, 42},
		{128, 0, 1536, 64},
		{64, 0, 64, 2},
		{64, 0, 8, 1},
		{64, 256 << 20, 256, 10},
	} {
		if got := loopCount(test.cores, test.memory, test.files); got != test.want {
			t.Errorf("loopCount(%d, %d, %d) = %d, want %d", test.cores, test.memory, test.files, got, test.want)
		}
	}
}

// TestIdleConnectionsIn256MiB: the figures of docs/limits.md for MAX_CONNECTIONS=0.
func TestIdleConnectionsIn256MiB(t *testing.T) {
	for _, test := range []struct {
		loops int
		tls   bool
		want  int
	}{
		{2, false, 24772},
		{51, false, 19545}, // the most loops in that much memory
		{2, true, 10570},
		{0, false, 8328},
		{0, true, 2584},
	} {
		account := newAccount(256<<20, nil)
		account.Add(budget.Base, int64(test.loops)*loopBase)
		if test.tls {
			account.Add(budget.Base, int64(test.loops)*loopTLSBase)
		}
		if got := account.Room(connCost(test.loops > 0, test.tls) + idleBuffer(test.loops > 0)); got != test.want {
			t.Errorf("%d loops, TLS %v: %d, want %d", test.loops, test.tls, got, test.want)
		}
	}
}

// withLimit sets MEMORY_LIMIT.
func withLimit(n config.MemoryLimit) func(*config.Config) {
	return func(c *config.Config) { c.MemoryLimit = n }
}

// partialFrames opens WebSockets that each leave a frame of n bytes incomplete by one.
func partialFrames(t *testing.T, r *running, conns, n int) (clients []*wstest.Client) {
	t.Helper()
	frame := wstest.Frame(0x82, string(make([]byte, n)))
	for range conns {
		c := wstest.Dial(t, r.addr)
		c.Send(frame[:len(frame)-1])
		clients = append(clients, c)
	}
	return clients
}

// TestAccountMatchesTheProcess: for what connections keep, the account has about as much as Go's
// heap has grown by, and the garbage that the collector may leave.
func TestAccountMatchesTheProcess(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, withLimit(1<<30))
		const conns, size = 100, 60 << 10
		warm := partialFrames(t, r, 1, size)
		wstest.Eventually(t, "the first frame is kept", func() bool { return r.account.HeldBy(budget.Buffers) > size })
		heap() // what pools have left is freed by the second collection
		before, heldBefore := heap(), r.account.HeldBy(budget.Buffers)
		partialFrames(t, r, conns, size)
		var held, grown int64
		wstest.Eventually(t, "the frames are kept", func() bool {
			held = r.account.HeldBy(budget.Buffers) - heldBefore
			return held >= conns*size*5/4
		})
		grown = heap() - before
		if float64(held) < 0.9*float64(grown) || float64(held) > 1.7*float64(grown) {
			t.Errorf("%d bytes are on the account, and the heap has grown by %d", held, grown)
		}
		runtime.KeepAlive(warm)
	})
}

// TestClaimsAreNotOnTheAccount: headers that claim 1 MiB each, and nothing after them.
func TestClaimsAreNotOnTheAccount(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, driver, withLimit(1<<30))
		const conns = 50
		for range conns {
			c := wstest.Dial(t, r.addr)
			c.Send(append(wstest.Frame(0x89, "seen"), wstest.Claim(0x82, 1<<20)...))
			c.Expect(frame(0x8a, "seen"))
		}
		if held := r.account.HeldBy(budget.Buffers); held > conns*5<<10 {
			t.Errorf("%d claims of 1 MiB are %d bytes on the account", conns, held)
		}
	})
}

// TestPartialFramesStayBelowTheLimit: upgrades are refused with 503 before memory runs out,
// those that stall longest are closed with 1013, and a client that reads notices nothing.
func TestPartialFramesStayBelowTheLimit(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		const limit = 48 << 20
		r := start(t, driver, withLimit(limit))
		good := wstest.Dial(t, r.addr)
		echo := func() {
			good.Send(wstest.Frame(0x82, "still here"))
			good.Expect(frame(0x82, "still here"))
		}
		echo()
		stalled := wstest.Dial(t, r.addr)
		stalled.Send(wstest.Frame(0x82, string(make([]byte, 60<<10)))[:60<<10])
		wstest.Eventually(t, "the frame is kept", func() bool { return r.account.HeldBy(budget.Buffers) > 60<<10 })

		r.account.Add(budget.Kernel, limit*78/100-r.account.Held()) // as if others held so much
		refused := wstest.Connect(t, r.addr)
		refused.Send([]byte(wstest.Request()))
		if response := refused.Response(); response.StatusCode != 503 || response.Header.Get("Retry-After") == "" {
			t.Errorf("an upgrade is answered with %s", response.Status)
		}
		echo()
		others := r.account.HeldBy(budget.Kernel)
		r.account.Add(budget.Kernel, limit/20) // 83 %
		reason := stalled.ExpectClose(1013)
		if want := "this server is close to its MEMORY_LIMIT of 50331648 bytes; try again later"; reason != want {
			t.Errorf("the reason is %q, want %q", reason, want)
		}
		echo()
		r.account.Add(budget.Kernel, -others-limit/20)
		r.line("memory was short; connections were closed")
		echo()
		wstest.Dial(t, r.addr)
	})
}
