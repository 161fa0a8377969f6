package socket

import (
	"cmp"
	"container/list"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/echosvc/echosvc/internal/budget"
)

// portableTLS is the TLS of a connection of the portable driver. Its handshake takes place
// with the first read or write.
//
// What a Step writes is encrypted first, and sent by the driver. So a write that meets a
// deadline can be continued, as without TLS, which crypto/tls cannot do.
type portableTLS struct {
	*tls.Conn
	config  *Config
	below   *belowTLS
	done    atomic.Bool // the handshake is complete
	failure error       // of the handshake
	share   *tlsShare   // nil unless it is hijacked
}

// belowTLS is the net.Conn below a portableTLS.
type belowTLS struct {
	net.Conn
	timeout time.Duration // of writing what crypto/tls writes on its own; 0 is none
	out     *[]byte       // collects what is written; nil if that is to be sent
	silence silence
	clear   clearBytes

	conn             *portableConn // nil after the handshake
	inTurn, longTurn bool          // a turn of TLS handshakes has been taken

	// taken is how many bytes the handshake takes for a long ClientHello, and kept how many crypto/tls
	// keeps of it afterwards, as they are on the account. Other goroutines read them.
	taken, kept atomic.Int64

	config *Config
	begun  bool   // what precedes TLS has been taken off
	before []byte // what precedes TLS, for Receive
	ahead  []byte // what was read after that
}

func (b *belowTLS) Read(p []byte) (n int, err error) {
	b.leaveTurn()
	if !b.begun {
		if err := b.begin(); err != nil {
			return 0, err
		}
	}
	switch {
	case !b.silence.allows(1):
		return 0, errMessage
	case len(b.ahead) > 0:
		n = copy(p, b.ahead)
		b.ahead = b.ahead[n:]
	default:
		b.ahead = nil
		n, err = b.receive(p)
	}
	b.silence.bytes += int32(n)
	if b.conn == nil || err != nil {
		return n, err
	}
	b.noteClear(p[:n])
	return n, b.takeTurn()
}

// noteClear counts what has arrived during the handshake. If that makes the handshake long, another
// one is dropped once there are too many of them.
func (b *belowTLS) noteClear(arrived []byte) {
	b.clear.add(arrived)
	const buffered = 2 // crypto/tls has buffers for what is encrypted, too
	b.account(&b.taken, takenByHandshake(b.clear.n)+buffered*int64(b.silence.bytes-b.clear.n))
	if b.clear.long() {
		b.conn.driver.markLong(b.conn)
	}
}

// takeTurn waits until the handshake may be worked on. It fails if the connection has ended meanwhile.
func (b *belowTLS) takeTurn() error {
	b.longTurn = b.clear.long()
	b.inTurn = b.conn.driver.handshakeTurns.take(b.longTurn, nil)
	if b.conn.memory.reason.Load() != nil || b.conn.driver.isAborted() {
		return net.ErrClosed
	}
	return nil
}

// leaveTurn ends the turn, if one was taken.
func (b *belowTLS) leaveTurn() {
	if b.inTurn {
		b.inTurn = false
		b.conn.driver.handshakeTurns.giveBack(b.longTurn)
	}
}

// receive is Read of the connection below.
func (b *belowTLS) receive(p []byte) (n int, err error) {
	b.note((*handshakes[*portableConn]).rest)
	n, err = b.Conn.Read(p)
	if n > 0 {
		b.note((*handshakes[*portableConn]).work)
	}
	return n, err
}

// note tells the driver how far the handshake has come.
func (b *belowTLS) note(change func(*handshakes[*portableConn], *list.Element, Instant) *list.Element) {
	if b.conn != nil {
		b.conn.driver.noteHandshake(b.conn, change)
	}
}

// begin reads until it is certain what precedes TLS.
func (b *belowTLS) begin() error {
	buffer := make([]byte, 512)
	for !b.begun {
		n, err := b.receive(buffer)
		b.ahead = append(b.ahead, buffer[:n]...)
		if err != nil {
			return err
		}
		before, rest, more, err := b.config.beforeTLS(b.ahead)
		if err != nil {
			return err
		}
		b.before, b.ahead, b.begun = before, rest, !more
	}
	return nil
}

// Write ends the turn: crypto/tls sends a flight once it has computed all of it.
func (b *belowTLS) Write(p []byte) (int, error) {
	b.leaveTurn()
	if b.out != nil {
		*b.out = append(*b.out, p...)
		return len(p), nil
	}
	if b.timeout > 0 {
		b.SetWriteDeadline(time.Now().Add(b.timeout))
	}
	return b.Conn.Write(p)
}

// account puts n bytes on the account, instead of those that held has.
func (b *belowTLS) account(held *atomic.Int64, n int64) {
	b.config.Account.Add(budget.Buffers, n-held.Swap(n))
}

// forget takes everything off the account.
func (b *belowTLS) forget() {
	b.account(&b.taken, 0)
	b.account(&b.kept, 0)
}

// secure returns a connection that speaks TLS, if the driver does.
func (c *Config) secure(nc net.Conn) net.Conn {
	if c.TLS == nil {
		return nc
	}
	below := &belowTLS{Conn: nc, timeout: c.WriteTimeout, config: c}
	return &portableTLS{Conn: tls.Server(below, c.TLS), config: c, below: below}
}

// NetConn returns the connection that TLS runs over.
func (c *portableTLS) NetConn() net.Conn { return c.below.Conn }

// handshake does the handshake if it is not complete. crypto/tls cannot continue one after a
// deadline.
func (c *portableTLS) handshake() error {
	if c.done.Load() {
		return nil
	}
	b := c.below
	defer b.leaveTurn()
	err := c.Handshake()
	if err == nil {
		c.done.Store(true)
		b.account(&b.taken, 0)
		b.account(&b.kept, int64(keptOfHandshake(b.clear.n)))
		b.silence.end()
		b.note((*handshakes[*portableConn]).complete)
		b.note((*handshakes[*portableConn]).rest) // now it waits for a request
		b.leaveTurn()
		b.conn = nil
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = errTLSHandshake
	} else {
		c.config.answerNoTLS(err)
	}
	c.failure = cmp.Or(c.failure, err) // crypto/tls returns the error of a handshake again
	return err
}

// Read returns 0, nil when the handshake is complete, since it may have put off an interruption.
func (c *portableTLS) Read(p []byte) (int, error) {
	if !c.done.Load() {
		return 0, c.handshake()
	}
	if before := c.below.before; len(before) > 0 {
		n := copy(p, before)
		c.below.before = before[n:]
		return n, nil
	}
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.below.silence.end()
	}
	return n, err
}

// outs has buffers for ciphertext.
var outs = sync.Pool{New: func() any { return new([]byte) }}

// encrypt returns the ciphertext of what a Step writes, with a close_notify if that is the
// last of the connection. release must be called when it has been sent.
func (c *portableTLS) encrypt(step Step) (out []byte, release func(), err error) {
	if len(step.Write) > 0 || step.Then == ShutDown {
		if err := c.handshake(); err != nil {
			return nil, nil, err
		}
	}
	buffer := outs.Get().(*[]byte)
	*buffer = (*buffer)[:0]
	c.below.out = buffer
	if len(step.Write) > 0 {
		_, err = c.Conn.Write(step.Write)
	}
	if c.done.Load() && (step.Then == Close || step.Then == ShutDown) {
		c.Conn.CloseWrite() // fails only if Write does
	}
	c.below.out = nil
	if err != nil {
		return nil, nil, err
	}
	n := int64(len(*buffer))
	c.config.Account.Add(budget.Buffers, n)
	return *buffer, func() {
		c.config.Account.Add(budget.Buffers, -n)
		outs.Put(buffer)
	}, nil
}

// hijack leaves the deadlines of writing to the handler. It must be called before the connection is
// forgotten.
func (c *portableTLS) hijack() {
	c.below.timeout = 0
	c.share = newTLSShare(c.config, c.below.kept.Load())
}

func (c *portableTLS) Close() error {
	if c.share != nil {
		defer c.share.release()
	}
	return c.Conn.Close()
}
