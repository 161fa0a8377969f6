package socket

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// loopBuffer is the size of a loop's read buffer, in bytes. A megabyte that arrives at
	// once is answered in two reads; with half the size it takes a fifth more time. A little more
	// than a power of two, so that the header does not leave a few bytes for a third read.
	loopBuffer = 512<<10 + 64
	// stallTime is how long a loop may take without a beat until it counts as stalled.
	stallTime = 10 * time.Second
)

// Loop is a driver for Linux: a few loops, each with an epoll instance, one read buffer and
// a table of connections, over raw file descriptors. A connection has no goroutine, no
// timer and, while it keeps nothing, no buffer. A Handler must not call its methods, except Stalled.
type Loop struct {
	config         Config
	pool           *pool
	loops          []*loop
	running        sync.WaitGroup // loops
	hijacks        sync.WaitGroup // calls of Handler.Hijacked
	securing       sync.WaitGroup // TLS handshakes
	handshakeTurns handshakeTurns
	sockets        atomic.Int64 // open connections
	unfinished     atomic.Int64 // those of them that are not established
	aborted        atomic.Bool
	listenFailed   atomic.Bool // nothing is accepted
}

// NewLoop returns a driver with n loops, at least 1, that serves nothing yet.
func NewLoop(config Config, n int) (*Loop, error) {
	if n < 1 {
		return nil, fmt.Errorf("socket: NewLoop makes at least 1 loop, not %d", n)
	}
	// A buffer holds the headroom, what is kept, and what could not be sent. The last two
	// are parts of a full read and its headroom; a Step that writes more than it was
	// given adds up to Config.Buffer.
	whole := 2*config.Headroom + loopBuffer
	d := &Loop{config: config, handshakeTurns: newHandshakeTurns(), pool: newPool(config.Account, smallBuffer, mediumBuffer, config.Buffer, whole, whole+config.Buffer)}
	for number := range n {
		l, err := newLoop(d, number)
		if err != nil {
			d.close()
			return nil, err
		}
		l.greeted.limit = (config.MaxHandshakes + n - 1) / n
		d.loops = append(d.loops, l)
	}
	return d, nil
}

// close closes the descriptors of all loops. No loop may be running.
func (d *Loop) close() {
	for _, l := range d.loops {
		l.close()
	}
}

// Name returns the driver's name for logs.
func (d *Loop) Name() string { return "loop" }

// Stalled reports whether a loop has not turned for 10 s, because a Handler blocks and all
// connections of the loop wait, or whether the driver could not listen.
func (d *Loop) Stalled() bool {
	if d.listenFailed.Load() {
		return true
	}
	for _, l := range d.loops {
		if l.stalled(d.config.Now()) {
			return true
		}
	}
	return false
}

// Stats returns what the driver has counted. A turn that has not ended counts with the time since
// the loop's last beat.
func (d *Loop) Stats() Stats {
	now := d.config.Now()
	backoff := &d.loops[0].acceptor.backoff
	s := Stats{Handshakes: int(d.unfinished.Load()), AcceptFailures: backoff.failures.Load(), AcceptShort: backoff.short()}
	for _, l := range d.loops {
		s.Turns += l.meter.turns.Load()
		s.LongestTurn = max(s.LongestTurn, l.meter.longestTurn(now))
		if beat := Instant(l.lastBeat.Load()); beat != 0 {
			s.LongestTurn = max(s.LongestTurn, now.Sub(beat))
		}
	}
	return s
}

// Serve accepts and serves connections until Abort. ln must be a *net.TCPListener or a
// *net.UnixListener. Serve accepts on a duplicate of its descriptor, and may close ln itself.
// Unlike the Serve of Portable, it goes on when ln is closed. Serve must be called once. If it
// cannot listen, it logs the error, accepts nothing, and Stalled reports true.
func (d *Loop) Serve(ln net.Listener) {
	defer d.close()
	if err := d.loops[0].listen(ln); err != nil {
		d.config.Log.Error("cannot accept connections", "error", err)
		d.listenFailed.Store(true)
	}
	addProcessors(len(d.loops)) // since loops keep theirs while they wait for a moment
	for _, l := range d.loops {
		d.running.Go(l.run)
	}
	d.running.Wait()
}

// Each calls f with the handler of every connection, while no method of that handler runs,
// and with the bytes that are held for it in buffers, the kernel's included. If f returns true,
// [Handler.Wake] is called soon. f must not block. It is called with one connection at a time,
// and each loop goes on with its other work in between. A connection that is opened meanwhile
// may be left out.
func (d *Loop) Each(f func(h Handler, held int64) (wake bool)) {
	for _, l := range d.loops {
		done := make(chan struct{})
		if l.post(func() { l.walk(0, f, done) }) {
			<-done
		}
	}
}

// Wake has [Handler.Wake] called soon on every connection that is open now. A connection
// that is sending is woken when everything has been sent.
func (d *Loop) Wake() { d.each((*loop).wakeAll) }

// Abort closes all connections, whatever their state, and every new one.
func (d *Loop) Abort() {
	d.aborted.Store(true)
	d.each((*loop).closeAll)
}

// Wait returns when every connection is closed or hijacked. It is called after Abort.
func (d *Loop) Wait() {
	d.running.Wait()
	d.hijacks.Wait()
	d.securing.Wait()
}

// each has every loop call f, and returns when all have. Loops call f at the same time.
func (d *Loop) each(f func(*loop)) {
	var done sync.WaitGroup
	for _, l := range d.loops {
		done.Add(1)
		posted := l.post(func() {
			defer done.Done()
			f(l)
		})
		if !posted {
			done.Done()
		}
	}
	done.Wait()
}
